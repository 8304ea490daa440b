//! tract on one ONNX file: prints the logits of every frame (step form) or of the clip, one row a line.
//! Usage: movinet-tract-client FILE.onnx PICTURES.f32 FRAMES
//! PICTURES: float32, `[frames, height, width, 3]`, little-endian.

use std::collections::HashMap;
use std::env;
use std::fs;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::DimLike;
use tract_onnx::tract_hir::infer::Factoid;

type Values = HashMap<String, Tensor>;

struct Network {
    model: std::sync::Arc<TypedRunnableModel>,
    inputs: Vec<(String, Vec<usize>)>,
    outputs: Vec<String>,
}

impl Network {
    /// Every size that the file leaves open is 1, in the clip form the frames.
    fn open(path: &str, frames: usize) -> TractResult<Network> {
        let mut model = tract_onnx::onnx().model_for_path(path)?;
        let names: Vec<String> = model.inputs.iter().map(|i| model.node(i.node).name.clone()).collect();
        let stepped = names.iter().any(|name| name.starts_with("state_"));
        let rows = if stepped { 1 } else { frames };
        let mut inputs = vec![];
        for (ix, name) in names.into_iter().enumerate() {
            let fact = model.input_fact(ix)?;
            let mut dims = vec![rows];
            for dim in fact.shape.dims().skip(1) {
                let dim = dim.concretize().expect("only the first size is open");
                dims.push(dim.to_usize()?);
            }
            model.set_input_fact(ix, f32::fact(&dims).into())?;
            inputs.push((name, dims));
        }
        let outputs = model.outputs.iter().map(|&o| model.outlet_label(o).unwrap_or("").to_string()).collect();
        let model = model.into_optimized()?.into_runnable()?;
        Ok(Network { model, inputs, outputs })
    }

    fn run(&self, feeds: &Values) -> TractResult<Values> {
        let values = self.inputs.iter().map(|(name, _)| feeds[name].clone().into()).collect();
        let results = self.model.run(values)?;
        Ok(self.outputs.iter().cloned().zip(results.into_iter().map(|r| r.into_tensor())).collect())
    }

    fn clocks(&self, ages: std::ops::Range<usize>) -> TractResult<Values> {
        let column = |value: fn(usize) -> f32| {
            let values: Vec<f32> = ages.clone().map(value).collect();
            Tensor::from_shape(&[values.len(), 1, 1, 1], &values)
        };
        Ok([("inverse_count", column(|age| 1.0 / (age as f32 + 1.0))?), ("position", column(|age| age as f32)?)]
            .map(|(name, values)| (name.to_string(), values))
            .into())
    }
}

/// The states of the next step: slot k of a buffer is what was slot k + 1, and what a pool gives is added to its sum.
fn next_states(states: &Values, out: &Values) -> TractResult<Values> {
    let mut next = Values::new();
    for (name, before) in states {
        let value = match name.rsplit_once("_stream_buffer_") {
            Some((buffer, slot)) => {
                let newer = format!("{buffer}_stream_buffer_{}", slot.parse::<usize>()? + 1);
                states.get(&newer).or(out.get(&newer)).unwrap().clone()
            }
            None => {
                let added = &out[&format!("{name}_frame")];
                (before.to_plain_array_view::<f32>()?.to_owned() + added.to_plain_array_view::<f32>()?).into_tensor()
            }
        };
        next.insert(name.clone(), value);
    }
    Ok(next)
}

fn print_row(out: &Values) -> TractResult<()> {
    println!("{:?}", out["logits"].to_plain_array_view::<f32>()?.iter().collect::<Vec<_>>());
    Ok(())
}

/// `[frames, height, width, 3]` of a file as `[frames, 3, height, width]`.
fn read_pictures(path: &str, frames: usize, sides: &[usize]) -> TractResult<Tensor> {
    let bytes = fs::read(path)?;
    let values: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    Tensor::from_shape(&[frames, sides[0], sides[1], 3], &values)?.permute_axes(&[0, 3, 1, 2])
}

fn main() -> TractResult<()> {
    let args: Vec<String> = env::args().collect();
    let frames: usize = args[3].parse()?;
    let network = Network::open(&args[1], frames)?;
    let image = network.inputs.iter().find(|(name, _)| name == "image").unwrap();
    let pictures = read_pictures(&args[2], frames, &image.1[2..])?;
    if image.1[0] == frames {
        let mut feeds = network.clocks(0..frames)?;
        feeds.insert("image".to_string(), pictures);
        return print_row(&network.run(&feeds)?);
    }
    let zeros = |dims: &[usize]| Tensor::zero::<f32>(dims);
    let mut states = Values::new();
    for (name, dims) in network.inputs.iter().filter(|(name, _)| name.starts_with("state_")) {
        states.insert(name.clone(), zeros(dims)?);
    }
    for t in 0..frames {
        let mut feeds = network.clocks(t..t + 1)?;
        feeds.insert("image".to_string(), pictures.slice(0, t, t + 1)?);
        feeds.extend(states.clone());
        let out = network.run(&feeds)?;
        print_row(&out)?;
        states = next_states(&states, &out)?;
    }
    Ok(())
}
