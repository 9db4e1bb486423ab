//! The wire, compiled from `proto/` without any program but cargo.

#[cfg(feature = "wire")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    wire::compile()
}

#[cfg(not(feature = "wire"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

#[cfg(feature = "wire")]
mod wire {
    use std::path::Path;

    const SOURCES: [&str; 7] = [
        "sealtune/v1/order.proto",
        "sealtune/v1/task.proto",
        "sealtune/v1/training.proto",
        "sealtune/v1/attestation.proto",
        "sealtune/v1/blob.proto",
        "sealtune/v1/node.proto",
        "sealtune/v1/broker.proto",
    ];

    pub(crate) fn compile() -> Result<(), Box<dyn std::error::Error>> {
        println!("cargo::rerun-if-changed=build.rs");
        println!("cargo::rerun-if-changed=proto");
        let mut compiler = protox::Compiler::new(["proto"])?;
        compiler.include_imports(true).include_source_info(true);
        compiler.open_files(SOURCES)?;
        let folder = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
        let descriptors = Path::new(&folder).join("sealtune.v1.bin");
        std::fs::write(descriptors, compiler.encode_file_descriptor_set())?;
        let descriptors = compiler.file_descriptor_set();
        let shapes = Path::new(&folder).join("shapes.rs");
        std::fs::write(shapes, super::shapes::source(&descriptors)?)?;
        generate(descriptors)?;
        Ok(())
    }

    fn generate(descriptors: tonic_prost_build::FileDescriptorSet) -> std::io::Result<()> {
        let grpc = cfg!(feature = "grpc");
        tonic_prost_build::configure()
            .build_client(grpc)
            .build_server(grpc)
            .build_transport(false)
            .bytes(".")
            .codec_path("crate::grpc::Codec")
            .compile_fds_with_config(descriptors, names())
    }

    fn names() -> tonic_prost_build::Config {
        let mut config = tonic_prost_build::Config::new();
        config.enable_type_names();
        config
    }
}

/// What the scan of foreign bytes needs to know of each message, as Rust source.
#[cfg(feature = "wire")]
mod shapes {
    use std::collections::BTreeMap;
    use std::fmt::Write;
    use tonic_prost_build::FileDescriptorSet;

    // From descriptor.proto.
    const REPEATED: i32 = 3;
    const STRING: i32 = 9;
    const MESSAGE: i32 = 11;
    const BYTES: i32 = 12;

    /// Number, whether repeated, the message's name or nothing.
    type Field = (i32, bool, String);

    pub(crate) fn source(descriptors: &FileDescriptorSet) -> Result<String, String> {
        let shapes = shapes(descriptors)?;
        let index = |name: &String| shapes.keys().position(|known| known == name);
        let mut source = String::from("pub(crate) const SHAPES: &[Shape] = &[\n");
        for (name, fields) in &shapes {
            let fields = fields.iter().map(|(number, repeated, message)| {
                let message = index(message);
                format!("Field {{ number: {number}, repeated: {repeated}, message: {message:?} }}")
            });
            let fields = fields.collect::<Vec<_>>().join(", ");
            writeln!(source, "Shape {{ name: {name:?}, fields: &[{fields}] }},")
                .map_err(|error| error.to_string())?;
        }
        source.push_str("];\n");
        Ok(source)
    }

    fn shapes(descriptors: &FileDescriptorSet) -> Result<BTreeMap<String, Vec<Field>>, String> {
        let mut shapes = BTreeMap::new();
        for file in &descriptors.file {
            for message in &file.message_type {
                let mut fields = Vec::new();
                for field in &message.field {
                    let (label, kind) = (field.label.unwrap_or(0), field.r#type.unwrap_or(0));
                    let repeated = label == REPEATED;
                    if repeated && ![STRING, MESSAGE, BYTES].contains(&kind) {
                        return Err(format!("{}: the scan knows no packed lists", field.name()));
                    }
                    if repeated || kind == MESSAGE {
                        let message = field.type_name().trim_start_matches('.').to_owned();
                        fields.push((field.number(), repeated, message));
                    }
                }
                shapes.insert(format!("{}.{}", file.package(), message.name()), fields);
            }
        }
        Ok(shapes)
    }
}
