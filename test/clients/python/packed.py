"""What tflite-support reads of a file: its tensors in their order, its labels, and how bytes become numbers, as JSON."""

import json
import sys

from tflite_support import metadata

shown = metadata.MetadataDisplayer.with_model_file(sys.argv[1])
graph = json.loads(shown.get_metadata_json())["subgraph_metadata"][0]
image = next(one for one in graph["input_tensor_metadata"] if one["name"] == "image")
options = image["process_units"][0]["options"]
[labels] = shown.get_packed_associated_file_list()
print(
    json.dumps(
        {
            "inputs": [one["name"] for one in graph["input_tensor_metadata"]],
            "outputs": [one["name"] for one in graph["output_tensor_metadata"]],
            "labels": shown.get_associated_file_buffer(labels).decode().splitlines(),
            "normalization": [options["mean"], options["std"]],
        }
    )
)
