"""Cameras: GStreamer's RTSP server. Its argument is JSON: port (0: any), auth (null, basic or digest), password, streams (path, launch)."""
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
permissions = GstRtspServer.RTSPPermissions()
if given["auth"]:
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth = GstRtspServer.RTSPAuth()
    if given["auth"] == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("camera", given["password"], token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("camera", given["password"]), token)
    server.set_auth(auth)
    for permission in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role("user", permission, True)
for stream in given["streams"]:
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch("( {launch} name=pay0 pt=96 )".format(**stream))
    factory.set_shared(True)
    factory.set_permissions(permissions if given["auth"] else None)
    server.get_mount_points().add_factory(stream["path"], factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
