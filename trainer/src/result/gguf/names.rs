//! Which half of which adapter a tensor is, by its name.

/// Which of the two matrices of an adapter a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    A,
    B,
}

/// `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight` is half A of
/// `model.layers.0.self_attn.q_proj`.
pub(super) fn split_name(name: &str) -> Option<(&str, Half)> {
    let inner = name.strip_prefix("base_model.model.")?;
    let a = inner
        .strip_suffix(".lora_A.weight")
        .map(|module| (module, Half::A));
    a.or_else(|| {
        inner
            .strip_suffix(".lora_B.weight")
            .map(|module| (module, Half::B))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_module_and_a_half() {
        assert_eq!(
            split_name("base_model.model.x.lora_B.weight"),
            Some(("x", Half::B))
        );
        assert_eq!(split_name("x.lora_B.weight"), None);
        assert_eq!(split_name("base_model.model.x.weight"), None);
    }
}
