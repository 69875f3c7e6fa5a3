//! The two distributions that interval corrections need, by numerical integration.

const STEPS: usize = 2_000;

/// Simpson's rule over `0..=end`.
fn integrate(end: f64, density: impl Fn(f64) -> f64) -> f64 {
    let step = end / STEPS as f64;
    let inner: f64 = (1..STEPS).map(|i| density(i as f64 * step) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    (density(0.0) + inner + density(end)) * step / 3.0
}

/// Standard normal distribution function, to about 1e-9.
pub fn normal_cdf(x: f64) -> f64 {
    let x = x.clamp(-12.0, 12.0);
    0.5 + integrate(x, |t| (-0.5 * t * t).exp()) / std::f64::consts::TAU.sqrt()
}

fn student_cdf(t: f64, degrees: u32) -> f64 {
    // Γ((ν+1)/2) / Γ(ν/2) by recurrence from ν = 1 or 2
    let root_pi = std::f64::consts::PI.sqrt();
    let (mut gamma_ratio, mut at) = if degrees % 2 == 1 { (1.0 / root_pi, 1) } else { (root_pi / 2.0, 2) };
    while at < degrees {
        gamma_ratio *= f64::from(at + 1) / f64::from(at);
        at += 2;
    }
    let nu = f64::from(degrees);
    let scale = gamma_ratio / (nu * std::f64::consts::PI).sqrt();
    0.5 + scale * integrate(t, |x| (1.0 + x * x / nu).powf(-(nu + 1.0) / 2.0))
}

/// Quantile `p` in 0.5…0.999 of Student's t with `degrees` ≥ 1 degrees of freedom.
pub fn student_quantile(p: f64, degrees: u32) -> f64 {
    let degrees = degrees.clamp(1, 10_000);
    let (mut low, mut high) = (0.0, 400.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if student_cdf(middle, degrees) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_printed_tables() {
        for (x, p) in [(0.0, 0.5), (1.0, 0.841_344_746), (-1.959_963_985, 0.025), (3.0, 0.998_650_102)] {
            assert!((normal_cdf(x) - p).abs() < 1e-8, "Φ({x}) = {}", normal_cdf(x));
        }
        for (degrees, t) in [(1, 12.706_205), (2, 4.302_653), (9, 2.262_157), (29, 2.045_230), (1000, 1.962_339)] {
            let found = student_quantile(0.975, degrees);
            assert!((found - t).abs() < 1e-4, "t(0.975, {degrees}) = {found}");
        }
    }
}
