//! Regression trees from a classifier.
//!
//! linfa's trees only classify. Each node here asks linfa for one split (a tree of depth 1) that separates rows
//! above the node's mean from rows below it, weighted by their distance from it; a child's class is then the sign
//! of its mean, and pure splits are splits of the mean. One call per node has two further merits: in deeper trees
//! linfa passes over split points whose last equal value lies in another node; and with two classes its sums over
//! hash maps have two addends, so that their order, which is random, cannot change the result.

use linfa::{DatasetBase, traits::Fit};
use linfa_trees::{DecisionTree, SplitQuality};
use ndarray::{Array1, Array2};

use super::{
    examples::Matrix,
    model::{Tree, round},
};
use crate::error::PolicyError;

/// When to stop splitting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub depth: u32,
    /// Fewest rows in a leaf.
    pub min_leaf: usize,
}

/// Grows a tree for `target` over `rows`; leaves hold the weighted mean of their rows.
pub(crate) fn grow(
    x: &Matrix,
    target: &[f64],
    weight: &[f64],
    rows: Vec<usize>,
    shape: Shape,
) -> Result<Tree, PolicyError> {
    let mut tree = Tree::default();
    let root = leaf(&mut tree, mean(target, weight, &rows));
    // Breadth first, so that children stand after their parents.
    let mut open = std::collections::VecDeque::from([(root, rows, 0)]);
    while let Some((node, rows, depth)) = open.pop_front() {
        if depth >= shape.depth || rows.len() < 2 * shape.min_leaf.max(1) {
            continue;
        }
        let Some((feature, threshold)) = split(x, target, weight, &rows, shape.min_leaf)? else { continue };
        let (left, right): (Vec<usize>, Vec<usize>) =
            rows.into_iter().partition(|row| x.row(*row)[feature] <= threshold);
        if left.len() < shape.min_leaf.max(1) || right.len() < shape.min_leaf.max(1) {
            continue;
        }
        let (left_node, right_node) =
            (leaf(&mut tree, mean(target, weight, &left)), leaf(&mut tree, mean(target, weight, &right)));
        tree.feature[node] = feature as u16;
        tree.threshold[node] = threshold;
        tree.left[node] = left_node as u32;
        tree.right[node] = right_node as u32;
        tree.value[node] = 0.0;
        open.push_back((left_node, left, depth + 1));
        open.push_back((right_node, right, depth + 1));
    }
    Ok(tree)
}

/// Gives every leaf the weighted mean of all rows that fall into it, drawn towards 0 where they are few.
pub(crate) fn refit(tree: &mut Tree, x: &Matrix, target: &[f64], weight: &[f64], prior: f64, rate: f64) {
    let mut sums = vec![(0.0, 0.0); tree.value.len()];
    for row in 0..target.len() {
        let sum = &mut sums[tree.leaf(x.row(row))];
        sum.0 += weight[row] * target[row];
        sum.1 += weight[row];
    }
    for (node, (sum, total)) in sums.into_iter().enumerate() {
        if tree.left[node] == 0 {
            tree.value[node] = round(rate * sum / (total + prior));
        }
    }
}

fn leaf(tree: &mut Tree, value: f64) -> usize {
    tree.feature.push(0);
    tree.threshold.push(0.0);
    tree.left.push(0);
    tree.right.push(0);
    tree.value.push(value);
    tree.value.len() - 1
}

fn mean(target: &[f64], weight: &[f64], rows: &[usize]) -> f64 {
    let total: f64 = rows.iter().map(|row| weight[*row]).sum();
    let sum: f64 = rows.iter().map(|row| weight[*row] * target[*row]).sum();
    if total > 0.0 { sum / total } else { 0.0 }
}

/// linfa's best split of these rows.
fn split(
    x: &Matrix,
    target: &[f64],
    weight: &[f64],
    rows: &[usize],
    min_leaf: usize,
) -> Result<Option<(usize, f64)>, PolicyError> {
    let mean = mean(target, weight, rows);
    let distance: Vec<f64> = rows.iter().map(|row| weight[*row] * (target[*row] - mean).abs()).collect();
    let total: f64 = distance.iter().sum();
    if total <= 1e-9 || total.is_nan() {
        return Ok(None);
    }
    let scale = rows.len() as f64 / total;
    let weights: Array1<f32> = distance.iter().map(|distance| (distance * scale) as f32).collect();
    let classes: Array1<bool> = rows.iter().map(|row| target[*row] > mean).collect();
    let records = Array2::from_shape_fn((rows.len(), x.columns), |(row, column)| x.row(rows[row])[column]);
    let data = DatasetBase::new(records, classes).with_weights(weights);
    // Weights near the mean are small, so that the count of rows is checked by the caller; linfa's limit only keeps
    // its impurities away from 0/0.
    let floor = (min_leaf as f32 * 0.05).max(1e-3);
    let stump = DecisionTree::params()
        .split_quality(SplitQuality::Gini)
        .max_depth(Some(1))
        .min_weight_leaf(floor)
        .fit(&data)
        .map_err(|error| PolicyError::Training(error.to_string()))?;
    let root = stump.root_node();
    if root.is_leaf() {
        return Ok(None);
    }
    let (feature, threshold, _) = root.split();
    Ok(Some((feature, round(threshold))))
}
