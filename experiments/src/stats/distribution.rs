//! The two distributions that tests and intervals need.

/// Standard normal distribution function, to about 1e-15 absolute: the series of Marsaglia, "Evaluating the normal
/// distribution", Journal of Statistical Software 11(4), 2004.
pub fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 8.5 {
        return if x < 0.0 { 0.0 } else { 1.0 };
    }
    let (mut sum, mut term, mut odd) = (x, x, 1.0);
    loop {
        odd += 2.0;
        term *= x * x / odd;
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    0.5 + sum * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// Distribution function of Student's t with `degrees` ≥ 1 degrees of freedom, exact for whole numbers of them:
/// Abramowitz and Stegun, *Handbook of Mathematical Functions*, 26.7.3 and 26.7.4.
pub fn student_cdf(t: f64, degrees: u32) -> f64 {
    let degrees = degrees.max(1);
    let nu = f64::from(degrees);
    let (sine, cosine) = (t / (t * t + nu).sqrt(), (nu / (t * t + nu)).sqrt());
    // `term` is the running product of the series, over odd powers of the cosine or over even ones.
    let odd = degrees % 2 == 1;
    let (mut term, mut sum, mut at) = if odd { (cosine, cosine, 3) } else { (1.0, 1.0, 2) };
    while at < degrees {
        term *= cosine * cosine * f64::from(at - 1) / f64::from(at);
        sum += term;
        at += 2;
    }
    let inside = match degrees {
        1 => (t / nu.sqrt()).atan() * std::f64::consts::FRAC_2_PI,
        _ if odd => ((t / nu.sqrt()).atan() + sine * sum) * std::f64::consts::FRAC_2_PI,
        _ => sine * sum,
    };
    0.5 + 0.5 * inside
}

/// Quantile `p` in 0…1 of Student's t with `degrees` ≥ 1 degrees of freedom; beyond 10,000 degrees as with 10,000.
pub fn student_quantile(p: f64, degrees: u32) -> f64 {
    let degrees = degrees.clamp(1, 10_000);
    if p < 0.5 {
        return -student_quantile(1.0 - p, degrees);
    }
    let (mut low, mut high) = (0.0, 1.0);
    while student_cdf(high, degrees) < p && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..70 {
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
        for (x, p) in [(0.0, 0.5), (1.0, 0.841_344_746_068_543), (-1.959_963_985, 0.025), (3.0, 0.998_650_101_968_37)] {
            assert!((normal_cdf(x) - p).abs() < 1e-10, "Φ({x}) = {}", normal_cdf(x));
        }
        for (degrees, t) in
            [(1, 12.706_205), (2, 4.302_653), (3, 3.182_446), (9, 2.262_157), (29, 2.045_230), (1000, 1.962_339)]
        {
            let found = student_quantile(0.975, degrees);
            assert!((found - t).abs() < 1e-5, "t(0.975, {degrees}) = {found}");
            assert!((student_quantile(0.025, degrees) + found).abs() < 1e-9);
        }
        // far out in the tail, where corrections for many tests look
        assert!((student_quantile(0.9995, 1) - 636.619).abs() < 1e-2);
        assert!((student_quantile(0.9995, 10) - 4.586_894).abs() < 1e-5);
        assert_eq!((normal_cdf(-40.0), normal_cdf(40.0), student_cdf(0.0, 7)), (0.0, 1.0, 0.5));
    }
}
