//! A model as text that a person can read.

use std::fmt::Write;

use super::model::{Model, ModelKind, Tree};
use crate::rules::NEVER;

impl Model {
    /// What the model does and how well, in words, with its tree or its first trees.
    pub fn explain(&self) -> String {
        let mut out = String::new();
        let kind = match self.kind {
            ModelKind::RemainingWork => "remaining work: least of compile cost + expected remaining work / speed",
            ModelKind::Thresholds => "thresholds per function, from its static features",
        };
        let _ = writeln!(out, "{kind}");
        let short = self.data_sha256.get(..16).unwrap_or(&self.data_sha256);
        let _ = writeln!(out, "trained on data {short}…, seed {}; rates: {}", self.seed, self.rates.source);
        let _ = writeln!(out, "{}", self.metrics);
        if self.kind == ModelKind::RemainingWork {
            self.explain_linear(&mut out);
        }
        const SHOWN: usize = 2;
        for (number, tree) in self.trees.iter().enumerate().take(SHOWN) {
            let _ = writeln!(out, "\ntree {} of {}", number + 1, self.trees.len());
            self.explain_node(tree, 0, 1, &mut out);
        }
        if self.trees.len() > SHOWN {
            let _ = writeln!(out, "\n… and {} more trees, each adding its leaf", self.trees.len() - SHOWN);
        }
        out
    }

    fn explain_linear(&self, out: &mut String) {
        let linear = &self.linear;
        let _ = writeln!(
            out,
            "\nlog2(remaining work + 1) = {:.2} + Σ coefficient × standardised log2(1 + feature) + trees, within \
             {:.1} and {:.1}, then {:+.1}",
            linear.intercept, self.range[0], self.range[1], self.offset_log2
        );
        let mut by_size: Vec<usize> = (0..linear.coefficient.len()).collect();
        by_size.sort_by(|a, b| linear.coefficient[*b].abs().total_cmp(&linear.coefficient[*a].abs()));
        for at in by_size {
            let _ = writeln!(out, "  {:+8.3}  {}", linear.coefficient[at], self.features[at]);
        }
    }

    fn explain_node(&self, tree: &Tree, node: usize, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        if tree.left[node] == 0 {
            let text = match self.kind {
                ModelKind::RemainingWork => format!("{:+.2} doublings", tree.value[node]),
                ModelKind::Thresholds => {
                    let [warm, hot] = self.pairs[tree.value[node] as usize];
                    let text = |events: u32| if events == NEVER { "never".to_owned() } else { events.to_string() };
                    format!("tier 1 at {}, tier 2 at {}", text(warm), text(hot))
                }
            };
            let _ = writeln!(out, "{indent}{text}");
            return;
        }
        // Back from the logarithm: what the threshold is in the feature's own unit.
        let (name, raw) = (&self.features[usize::from(tree.feature[node])], tree.threshold[node].exp2() - 1.0);
        let _ = writeln!(out, "{indent}{name} <= {raw:.4}:");
        self.explain_node(tree, tree.left[node] as usize, depth + 1, out);
        let _ = writeln!(out, "{indent}{name} > {raw:.4}:");
        self.explain_node(tree, tree.right[node] as usize, depth + 1, out);
    }
}
