//! proto/game/*.sproto -> the structs of src/game.rs.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?;
    let file = Path::new(&out).join("game.rs");
    for input in sproto::build::Config::new().directory("../proto/game").compile(&file)? {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    Ok(())
}
