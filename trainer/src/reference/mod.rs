//! The oracle: the same model in candle's differentiable operations, slow and plain.
//!
//! It avoids every fused operation of candle-nn, whose gradients are silently absent, and shares with the hand-written
//! backend only the reading of files, the layout of adapters and the random numbers.

mod graph;
mod ops;

use std::path::Path;

use candle_core::{DType, Device, Tensor, Var};

use crate::backend::{Backend, BackendError, LossSum, NumericClass, Place, StepReport};
use crate::batch::Batch;
use crate::lora::Layout;
use crate::model::{ModelSource, ModelSpec, Weights, read_spec};
use crate::settings::{Precision, TrainSettings};
use crate::state::{Adapter, TrainState};
use crate::trained::Trained;
use graph::Graph;

/// The reference backend.
pub struct RefCandle {
    spec: ModelSpec,
    settings: TrainSettings,
    weights: Box<dyn Weights + Send>,
    trained: Trained,
}

impl std::fmt::Debug for RefCandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefCandle")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl RefCandle {
    pub(crate) fn new(
        spec: ModelSpec,
        weights: Box<dyn Weights + Send>,
        settings: &TrainSettings,
    ) -> Result<Self, BackendError> {
        let layout = Layout::new(&spec, &settings.lora)?;
        Ok(Self {
            spec,
            settings: settings.clone(),
            weights,
            trained: Trained::new(layout, settings.seed),
        })
    }

    /// Adapters as variables: A and the turned B of every slot.
    fn vars(&self) -> Result<Vec<[Var; 2]>, BackendError> {
        let var = |start: usize, rows: usize, cols: usize| {
            Var::from_slice(
                &self.trained.weights[start..start + rows * cols],
                (rows, cols),
                &Device::Cpu,
            )
        };
        let slots = self.trained.layout.slots.iter();
        let vars: candle_core::Result<_> = slots
            .map(|s| Ok([var(s.a, s.rank, s.inputs)?, var(s.b, s.rank, s.outputs)?]))
            .collect();
        Ok(vars?)
    }

    fn graph<'a>(
        &'a self,
        batch: &'a Batch,
        vars: &'a [[Var; 2]],
        place: Option<Place>,
    ) -> Graph<'a> {
        Graph {
            spec: &self.spec,
            settings: &self.settings,
            layout: &self.trained.layout,
            weights: self.weights.as_ref(),
            round: self.settings.precision == Precision::Bf16,
            batch,
            vars,
            place,
        }
    }

    fn gather(&mut self, vars: &[[Var; 2]], loss: &Tensor) -> Result<(), BackendError> {
        let store = loss.backward()?;
        for (slot, [a, b]) in self.trained.layout.slots.iter().zip(vars) {
            for (start, var) in [(slot.a, a), (slot.b, b)] {
                let gradient = store.get(var.as_tensor());
                let gradient = gradient.ok_or_else(|| {
                    BackendError::State(format!("{} has no gradient", slot.module))
                })?;
                let values = gradient.flatten_all()?.to_vec1::<f32>()?;
                self.trained.gradients[start..]
                    .iter_mut()
                    .zip(values)
                    .for_each(|(g, v)| *g += v);
            }
        }
        Ok(())
    }
}

impl Backend for RefCandle {
    fn load_frozen(model: &Path, settings: &TrainSettings) -> Result<Self, BackendError> {
        let spec = read_spec(model)?;
        let source = ModelSource::open(model, &spec)?;
        Self::new(spec, Box::new(source), settings)
    }

    fn forward_backward(&mut self, batch: &Batch, place: Place) -> Result<LossSum, BackendError> {
        let vars = self.vars()?;
        let loss = self.graph(batch, &vars, Some(place)).loss()?;
        let value = loss.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        self.gather(&vars, &loss)?;
        Ok(LossSum {
            loss: value,
            labels: batch.labels(),
            correct: 0,
        })
    }

    fn optimizer_step(
        &mut self,
        learning_rate: f32,
        labels: u64,
    ) -> Result<StepReport, BackendError> {
        if labels == 0 {
            return Err(BackendError::NoLabels);
        }
        self.trained.step += 1;
        let adam = self.settings.adamw;
        let norm = self
            .trained
            .gradients
            .iter()
            .map(|g| f64::from(*g).powi(2))
            .sum::<f64>()
            .sqrt()
            / labels as f64;
        let clip = self
            .settings
            .max_grad_norm
            .map_or(1.0, |max| (f64::from(max) / (norm + 1e-6)).min(1.0));
        let rate = f64::from(learning_rate);
        let (beta1, beta2) = (f64::from(adam.beta1), f64::from(adam.beta2));
        let step = self.trained.step as i32;
        let left = |beta: f64| 1.0 - beta.powi(step);
        let trained = &mut self.trained;
        let state = trained.m.iter_mut().zip(&mut trained.v);
        let state = state.zip(&mut trained.weights);
        for (((m, v), w), g) in state.zip(&mut trained.gradients) {
            let gradient = f64::from(*g) / labels as f64 * clip;
            let first = beta1 * f64::from(*m) + (1.0 - beta1) * gradient;
            let second = beta2 * f64::from(*v) + (1.0 - beta2) * gradient * gradient;
            let denominator = (second / left(beta2)).sqrt() + f64::from(adam.epsilon);
            let kept = f64::from(*w) * (1.0 - rate * f64::from(adam.weight_decay));
            (*m, *v) = (first as f32, second as f32);
            *w = (kept - rate * first / left(beta1) / denominator) as f32;
            *g = 0.0;
        }
        Ok(StepReport {
            grad_norm: norm as f32,
        })
    }

    fn export(&self) -> Result<Adapter, BackendError> {
        Ok(self.trained.export())
    }

    fn state(&self) -> Result<TrainState, BackendError> {
        Ok(self.trained.state())
    }

    fn restore(&mut self, state: &TrainState) -> Result<(), BackendError> {
        self.trained.restore(state)
    }

    fn evaluate(&mut self, batch: &Batch) -> Result<LossSum, BackendError> {
        let vars = self.vars()?;
        let graph = self.graph(batch, &vars, None);
        let loss = graph.loss()?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        let best = graph.logits()?.argmax(1)?.to_vec1::<u32>()?;
        let correct = best
            .iter()
            .zip(batch.targets())
            .filter(|(b, t)| b == t)
            .count() as u64;
        Ok(LossSum {
            loss,
            labels: batch.labels(),
            correct,
        })
    }

    fn logits(&mut self, batch: &Batch) -> Result<Vec<f32>, BackendError> {
        let vars = self.vars()?;
        Ok(self
            .graph(batch, &vars, None)
            .logits()?
            .flatten_all()?
            .to_vec1()?)
    }

    fn gradients(&self) -> Result<Adapter, BackendError> {
        Ok(self.trained.named_gradients())
    }

    fn numeric_class(&self) -> NumericClass {
        NumericClass("candle-reference".to_owned())
    }

    fn vocabulary(&self) -> usize {
        self.spec.vocabulary
    }
}
