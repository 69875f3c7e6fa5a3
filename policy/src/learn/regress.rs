//! The linear part: ridge regression through linfa's ordinary least squares.

use linfa::{Dataset, traits::Fit};
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2};

use super::{
    examples::Examples,
    model::{Linear, round},
};
use crate::error::PolicyError;

/// Fits standardised features to the target, in the rows' weights. `penalty` is relative to the number of rows; it
/// enters as one extra row per feature, which also keeps collinear features solvable.
pub(crate) fn ridge(data: &Examples, penalty: f64) -> Result<Linear, PolicyError> {
    let (rows, columns) = (data.len(), data.x.columns);
    let total: f64 = data.weight.iter().sum();
    let mut mean = vec![0.0; columns];
    for row in 0..rows {
        for (mean, value) in mean.iter_mut().zip(data.x.row(row)) {
            *mean += data.weight[row] * value / total;
        }
    }
    let mut variance = vec![0.0; columns];
    for row in 0..rows {
        for (at, value) in data.x.row(row).iter().enumerate() {
            variance[at] += data.weight[row] * (value - mean[at]).powi(2) / total;
        }
    }
    // A column that is constant in this fold gets no say: its standardised values are 0.
    let scale: Vec<f64> = variance.iter().map(|v| if *v > 1e-12 { round(v.sqrt()) } else { 1.0 }).collect();
    let mean: Vec<f64> = mean.into_iter().map(round).collect();
    let centre = data.target.iter().zip(&data.weight).map(|(y, w)| y * w).sum::<f64>() / total;

    let mut x = Array2::<f64>::zeros((rows + columns, columns));
    let mut y = Array1::<f64>::zeros(rows + columns);
    for row in 0..rows {
        let root = data.weight[row].sqrt();
        for (at, value) in data.x.row(row).iter().enumerate() {
            x[(row, at)] = root * (value - mean[at]) / scale[at];
        }
        y[row] = root * (data.target[row] - centre);
    }
    for at in 0..columns {
        x[(rows + at, at)] = (penalty * total).sqrt();
    }
    let fitted = LinearRegression::new()
        .with_intercept(false)
        .fit(&Dataset::new(x, y))
        .map_err(|error| PolicyError::Training(format!("least squares: {error}")))?;
    let coefficient = fitted.params().iter().map(|value| round(*value)).collect();
    Ok(Linear { intercept: round(centre), mean, scale, coefficient })
}
