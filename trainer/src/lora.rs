//! Where each adapter lies in the flat vectors of weights, gradients and moments.

use crate::backend::BackendError;
use crate::model::ModelSpec;
use crate::noise::{Noise, Stream};
use crate::settings::{LoraSettings, Projection};
use crate::state::{Adapter, NamedTensor};

/// One adapter. A is held as PEFT writes it, `[rank, inputs]`; B on its side, `[rank, outputs]`, so that both are rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slot {
    pub(crate) layer: usize,
    pub(crate) projection: Projection,
    pub(crate) module: String,
    pub(crate) rank: usize,
    pub(crate) scale: f32,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Where A begins.
    pub(crate) a: usize,
    /// Where B begins.
    pub(crate) b: usize,
}

/// All adapters of a model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    pub(crate) slots: Vec<Slot>,
    pub(crate) len: usize,
}

/// Projections that share their input: their A's lie one after the other.
pub(crate) fn groups(spec: &ModelSpec) -> Vec<Vec<Projection>> {
    use Projection::{Down, Gate, GateUp, K, O, Q, Qkv, Up, V};
    if spec.fused {
        vec![vec![Qkv], vec![O], vec![GateUp], vec![Down]]
    } else {
        vec![vec![Q, K, V], vec![O], vec![Gate, Up], vec![Down]]
    }
}

impl Layout {
    pub(crate) fn new(spec: &ModelSpec, lora: &LoraSettings) -> Result<Self, BackendError> {
        let known = spec.projections();
        if let Some(wrong) = lora.targets.iter().find(|t| !known.contains(t)) {
            let text = format!("target {} in a {:?} model", wrong.name(), spec.architecture);
            return Err(BackendError::Unavailable(text));
        }
        if lora.rank == 0 || lora.rank_pattern.values().any(|rank| *rank == 0) {
            return Err(BackendError::Unavailable("an adapter of rank 0".to_owned()));
        }
        if !(0.0..1.0).contains(&lora.dropout) {
            return Err(BackendError::Unavailable(format!(
                "a dropout of {}",
                lora.dropout
            )));
        }
        let mut layout = Self {
            slots: Vec::new(),
            len: 0,
        };
        for layer in 0..spec.layers {
            for group in groups(spec) {
                layout.place(spec, lora, layer, &group);
            }
        }
        Ok(layout)
    }

    fn place(&mut self, spec: &ModelSpec, lora: &LoraSettings, layer: usize, group: &[Projection]) {
        let first = self.slots.len();
        for projection in group
            .iter()
            .filter(|p| lora.targets.is_empty() || lora.targets.contains(p))
        {
            let module = ModelSpec::module(layer, *projection);
            let (inputs, outputs) = spec.shape_of(*projection);
            let (rank, scale) = (lora.rank_of(&module), lora.scale_of(&module));
            let a = self.take(rank * inputs);
            let slot = Slot {
                layer,
                projection: *projection,
                module,
                rank,
                scale,
                inputs,
                outputs,
                a,
                b: 0,
            };
            self.slots.push(slot);
        }
        for i in first..self.slots.len() {
            let len = self.slots[i].rank * self.slots[i].outputs;
            self.slots[i].b = self.take(len);
        }
    }

    fn take(&mut self, len: usize) -> usize {
        self.len += len;
        self.len - len
    }

    pub(crate) fn find(&self, layer: usize, projection: Projection) -> Option<usize> {
        self.slots
            .iter()
            .position(|s| s.layer == layer && s.projection == projection)
    }

    /// A uniform in ±1/sqrt(inputs), as PEFT's default; B zero.
    pub(crate) fn init(&self, seed: u64) -> Vec<f32> {
        let mut values = vec![0.0; self.len];
        for (which, slot) in self.slots.iter().enumerate() {
            let noise = Noise::new(seed, Stream::Init, which as u32);
            let bound = 1.0 / (slot.inputs as f32).sqrt();
            for (i, value) in values[slot.a..][..slot.rank * slot.inputs]
                .iter_mut()
                .enumerate()
            {
                *value = (2.0 * noise.uniform(i as u64) - 1.0) * bound;
            }
        }
        values
    }

    /// The flat vector under PEFT's names, sorted.
    pub(crate) fn named(&self, flat: &[f32]) -> Adapter {
        let mut tensors: Vec<_> = self
            .slots
            .iter()
            .flat_map(|s| [s.tensor_a(flat), s.tensor_b(flat)])
            .collect();
        tensors.sort_by(|x, y| x.name.cmp(&y.name));
        Adapter { tensors }
    }

    /// The reverse of `named`; every tensor must be there, and none else.
    pub(crate) fn flat(&self, adapter: &Adapter) -> Result<Vec<f32>, BackendError> {
        let mut values = vec![0.0; self.len];
        if adapter.tensors.len() != 2 * self.slots.len() {
            let text = format!(
                "it has {} tensors, not {}",
                adapter.tensors.len(),
                2 * self.slots.len()
            );
            return Err(BackendError::State(text));
        }
        for slot in &self.slots {
            let a = find(adapter, &slot.name('A'), &[slot.rank, slot.inputs])?;
            values[slot.a..][..a.len()].copy_from_slice(a);
            let b = find(adapter, &slot.name('B'), &[slot.outputs, slot.rank])?;
            values[slot.b..][..b.len()].copy_from_slice(&turned(b, slot.outputs, slot.rank));
        }
        Ok(values)
    }
}

impl Slot {
    fn name(&self, letter: char) -> String {
        format!("base_model.model.{}.lora_{letter}.weight", self.module)
    }

    fn tensor_a(&self, flat: &[f32]) -> NamedTensor {
        let values = flat[self.a..][..self.rank * self.inputs].to_vec();
        NamedTensor {
            name: self.name('A'),
            shape: vec![self.rank, self.inputs],
            values,
        }
    }

    fn tensor_b(&self, flat: &[f32]) -> NamedTensor {
        let values = turned(
            &flat[self.b..][..self.rank * self.outputs],
            self.rank,
            self.outputs,
        );
        NamedTensor {
            name: self.name('B'),
            shape: vec![self.outputs, self.rank],
            values,
        }
    }
}

fn find<'a>(adapter: &'a Adapter, name: &str, shape: &[usize]) -> Result<&'a [f32], BackendError> {
    let tensor = adapter.tensors.iter().find(|t| t.name == name);
    let tensor = tensor.ok_or_else(|| BackendError::State(format!("{name} is missing")))?;
    if tensor.shape != shape || tensor.values.len() != shape.iter().product::<usize>() {
        let text = format!(
            "{name} has shape {:?} where {shape:?} was expected",
            tensor.shape
        );
        return Err(BackendError::State(text));
    }
    Ok(&tensor.values)
}

/// The transpose of a row-major matrix.
fn turned(values: &[f32], rows: usize, cols: usize) -> Vec<f32> {
    (0..cols)
        .flat_map(|c| (0..rows).map(move |r| values[r * cols + c]))
        .collect()
}
