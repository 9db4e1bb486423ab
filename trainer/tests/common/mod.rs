//! A small stand-in for a backend: honest arithmetic over a handful of numbers.

use std::path::Path;
use trainer::backend::{Backend, BackendError, LossSum, NumericClass, Place, StepReport};
use trainer::batch::Batch;
use trainer::settings::TrainSettings;
use trainer::state::{Adapter, NamedTensor, TrainState};

const NAME_A: &str = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
const NAME_B: &str = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight";
const RANK: usize = 4;

/// Learns one number per token class by gradient descent with a moment.
#[derive(Debug)]
pub(crate) struct Toy {
    weights: Vec<f32>,
    gradients: Vec<f32>,
    moments: Vec<f32>,
    step: u64,
    /// Gives a loss that is no number at this step.
    pub(crate) breaks_at: Option<u64>,
}

impl Toy {
    pub(crate) fn new() -> Self {
        Self {
            weights: (0..RANK * 2).map(|at| at as f32 * 0.125 - 0.5).collect(),
            gradients: vec![0.0; RANK * 2],
            moments: vec![0.0; RANK * 2],
            step: 0,
            breaks_at: None,
        }
    }

    fn adapter(values: &[f32]) -> Adapter {
        let tensor = |name: &str, shape: [usize; 2], values: &[f32]| NamedTensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values: values.to_vec(),
        };
        let (a, b) = values.split_at(RANK);
        Adapter {
            tensors: vec![tensor(NAME_A, [RANK, 1], a), tensor(NAME_B, [1, RANK], b)],
        }
    }

    fn values(adapter: &Adapter) -> Vec<f32> {
        let mut values: Vec<f32> = adapter
            .tensors
            .iter()
            .flat_map(|t| t.values.clone())
            .collect();
        values.resize(RANK * 2, 0.0);
        values
    }

    fn loss(&mut self, batch: &Batch, learn: bool) -> LossSum {
        let mut sum = LossSum::default();
        for (token, target) in batch.tokens().iter().zip(batch.targets()) {
            if *target == Batch::IGNORED {
                continue;
            }
            let at = *token as usize % self.weights.len();
            let error = self.weights[at] - (*target % 17) as f32 / 17.0;
            sum.loss += f64::from(error * error);
            sum.labels += 1;
            sum.correct += u64::from(error.abs() < 0.1);
            if learn {
                self.gradients[at] += 2.0 * error;
            }
        }
        sum
    }
}

impl Backend for Toy {
    fn load_frozen(_model: &Path, _settings: &TrainSettings) -> Result<Self, BackendError> {
        Ok(Self::new())
    }

    fn forward_backward(&mut self, batch: &Batch, place: Place) -> Result<LossSum, BackendError> {
        let mut sum = self.loss(batch, true);
        if self.breaks_at == Some(place.step) {
            sum.loss = f64::NAN;
        }
        Ok(sum)
    }

    fn optimizer_step(&mut self, rate: f32, labels: u64) -> Result<StepReport, BackendError> {
        let mut norm = 0.0;
        let pairs = self.weights.iter_mut().zip(&mut self.moments);
        for ((weight, moment), sum) in pairs.zip(&mut self.gradients) {
            let gradient = *sum / labels as f32;
            norm += gradient * gradient;
            *moment = 0.9 * *moment + gradient;
            *weight -= rate * 100.0 * *moment;
            *sum = 0.0;
        }
        self.step += 1;
        Ok(StepReport {
            grad_norm: norm.sqrt(),
        })
    }

    fn export(&self) -> Result<Adapter, BackendError> {
        Ok(Self::adapter(&self.weights))
    }

    fn state(&self) -> Result<TrainState, BackendError> {
        Ok(TrainState {
            step: self.step,
            adapter: Self::adapter(&self.weights),
            first_moments: Self::adapter(&self.moments),
            second_moments: Adapter::default(),
        })
    }

    fn restore(&mut self, state: &TrainState) -> Result<(), BackendError> {
        self.step = state.step;
        self.weights = Self::values(&state.adapter);
        self.moments = Self::values(&state.first_moments);
        self.gradients.fill(0.0);
        Ok(())
    }

    fn evaluate(&mut self, batch: &Batch) -> Result<LossSum, BackendError> {
        Ok(self.loss(batch, false))
    }

    fn logits(&mut self, batch: &Batch) -> Result<Vec<f32>, BackendError> {
        Ok(vec![self.weights.iter().sum(); batch.len()])
    }

    fn gradients(&self) -> Result<Adapter, BackendError> {
        Ok(Self::adapter(&self.gradients))
    }

    fn numeric_class(&self) -> NumericClass {
        NumericClass("toy".to_owned())
    }

    fn vocabulary(&self) -> usize {
        512
    }
}
