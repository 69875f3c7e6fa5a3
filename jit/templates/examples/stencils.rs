//! Prints the stencils as Rust source.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stencils = trinity_templates::stencil::make()?;
    let (hot, cold): (usize, usize) =
        stencils.iter().fold((0, 0), |sum, made| (sum.0 + made.hot.len(), sum.1 + made.cold.len()));
    eprintln!("{} stencils, {hot} hot bytes, {cold} cold", stencils.len());
    for made in &stencils {
        eprintln!(
            "{} hot {} cold {} falls {} {:02x?}",
            made.form,
            made.hot.len(),
            made.cold.len(),
            made.falls_through,
            made.hot
        );
    }
    Ok(())
}
