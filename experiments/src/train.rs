//! Training: a data set becomes a model file.

use std::path::Path;

use trinity_policy::{Metrics, TrainSpec};

use crate::failure::{Failure, Result};

/// Trains a model and writes it; the metrics are held-out ones.
pub fn train(spec: &TrainSpec, data: &Path, out: &Path) -> Result<Metrics> {
    let (model, metrics) = trinity_policy::train(spec, data).map_err(|error| Failure::work(error.to_string()))?;
    model.save(out).map_err(|error| Failure::work(error.to_string()))?;
    Ok(metrics)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{experiment::Spec, suite};

    #[test]
    fn the_models_of_the_quickstart_can_be_trained_and_used() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let data = folder.path().join("data");
        let shape = trinity_datasets::synthetic::Shape::default();
        trinity_datasets::synthetic::write(&data, shape).expect("writes");
        let text = suite::shipped_spec("quickstart").expect("shipped");
        let spec = Spec::parse(text, "quickstart").expect("parses");
        assert!(!spec.train.is_empty());
        for (name, train_spec) in &spec.train {
            let out = folder.path().join(format!("{name}.json"));
            let metrics = train(train_spec, &data, &out).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(metrics.rows > 0);
            let policy = format!("learned:{}", out.display());
            crate::host::check_policy(&policy).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
