//! Gradients against differences of losses, tensor by tensor; and none of them silently absent.

use super::specs::{batch, engine, families, norm, settings, start};
use crate::backend::{Backend, Place};
use crate::state::TrainState;

/// The loss with one tensor moved along a direction.
fn loss_at(
    backend: &mut dyn Backend,
    state: &TrainState,
    which: usize,
    direction: &[f32],
    by: f64,
) -> f64 {
    let mut moved = state.clone();
    let values = &mut moved.adapter.tensors[which].values;
    values
        .iter_mut()
        .zip(direction)
        .for_each(|(v, d)| *v += (f64::from(*d) * by) as f32);
    backend.restore(&moved).unwrap();
    backend.evaluate(&batch()).unwrap().loss
}

#[test]
fn every_tensor_of_every_family_has_the_gradient_that_differences_show() {
    for (name, spec) in families() {
        let mut backend = engine(&spec, &settings());
        let state = start(&backend);
        backend.restore(&state).unwrap();
        backend
            .forward_backward(&batch(), Place::default())
            .unwrap();
        let gradients = backend.gradients().unwrap().tensors;

        for (which, gradient) in gradients.iter().enumerate() {
            let slope = norm(&gradient.values);
            assert!(slope > 1e-4, "{name}: {} has no gradient", gradient.name);
            // Along the gradient itself the slope is its norm.
            let along: Vec<f32> = gradient
                .values
                .iter()
                .map(|g| (f64::from(*g) / slope) as f32)
                .collect();
            // A steep loss is a curved one: its steps are shorter.
            let by = (0.1 / slope).clamp(5e-4, 2e-2);
            let rise = loss_at(&mut backend, &state, which, &along, by)
                - loss_at(&mut backend, &state, which, &along, -by);
            let shown = rise / (2.0 * by);
            assert!(
                (shown - slope).abs() < 0.02 * slope + 2e-3,
                "{name}: {}: {shown} {slope}",
                gradient.name
            );
        }
    }
}
