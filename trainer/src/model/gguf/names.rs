//! What llama.cpp calls architectures and layers.

/// GGUF's name of an architecture of transformers, where llama.cpp has it.
pub(crate) fn architecture(model_type: &str) -> Option<&'static str> {
    match model_type {
        "llama" | "mistral" => Some("llama"),
        "qwen2" => Some("qwen2"),
        "qwen3" => Some("qwen3"),
        "phi3" => Some("phi3"),
        "gemma2" => Some("gemma2"),
        "gemma3" | "gemma3_text" => Some("gemma3"),
        _ => None,
    }
}

/// GGUF's name of a linear layer: `model.layers.3.self_attn.q_proj` is
/// `blk.3.attn_q`.
pub(crate) fn layer(module: &str) -> Option<String> {
    let (index, part) = module.strip_prefix("model.layers.")?.split_once('.')?;
    let index: u32 = index.parse().ok()?;
    let part = match part {
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.qkv_proj" => "attn_qkv",
        "self_attn.o_proj" => "attn_output",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" | "mlp.gate_up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        _ => return None,
    };
    Some(format!("blk.{index}.{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_their_short_names() {
        let name = layer("model.layers.12.mlp.down_proj");

        assert_eq!(name.as_deref(), Some("blk.12.ffn_down"));
        assert_eq!(layer("lm_head"), None);
    }
}
