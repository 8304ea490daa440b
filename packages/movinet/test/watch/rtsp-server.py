"""A camera: GStreamer's RTSP server. Its argument is JSON: port (0: any), auth (null, basic or digest), streams (path, file, parse, pay, rate)."""
import json, sys, gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

Gst.init(None)
given = json.loads(sys.argv[1])
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(str(given["port"]))
if given["auth"]:
    methods = {"basic": GstRtsp.RTSPAuthMethod.BASIC, "digest": GstRtsp.RTSPAuthMethod.DIGEST}
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(methods[given["auth"]])
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic("camera", "s3cret"), token) if given["auth"] == "basic" else auth.add_digest("camera", "s3cret", token)
    server.set_auth(auth)
for stream in given["streams"]:
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch("( filesrc location={file} ! qtdemux ! {parse} ! {pay} name=pay0 pt=96 )".format(**stream))
    factory.set_shared(True)
    if given["auth"]:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_role("user")
        permissions.add_permission_for_role("user", "media.factory.access", True)
        permissions.add_permission_for_role("user", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(stream["path"], factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
