//! control.proto -> message structs (private to the crate), and the service over our own types.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=control.proto");
    let descriptors = protox::compile(["control.proto"], ["."])?;
    // Two bytes of a hostile message make a series: what they become is kept small.
    let histograms = ["ok", "failed", "response"].map(|field| format!(".horde.control.SeriesDelta.{field}"));
    let builder = tonic_prost_build::configure().build_client(false).build_server(false);
    histograms.iter().fold(builder, |builder, path| builder.boxed(path)).compile_fds(descriptors)?;
    tonic_build::manual::Builder::new().compile(&[control_service()]);
    Ok(())
}

/// The service of control.proto, with `Up` and `Down` converted by the codec, so that nobody outside sees
/// the generated structs.
fn control_service() -> tonic_build::manual::Service {
    let join = tonic_build::manual::Method::builder()
        .name("join")
        .route_name("Join")
        .comment("Opens a worker's stream: it says Hello first and keeps the stream as long as it lives.")
        .input_type("crate::Up")
        .output_type("crate::Down")
        .codec_path("crate::control::ControlCodec")
        .client_streaming()
        .server_streaming()
        .build();
    tonic_build::manual::Service::builder().name("Control").package("horde.control").method(join).build()
}
