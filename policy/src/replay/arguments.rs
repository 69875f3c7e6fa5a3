//! `LOG[,run=RUN_ID][,flip=ID:ACTION[,then=POLICY]]`.

use std::path::PathBuf;

use trinity_vm::seam::Action;

/// Where the answers come from, and where they are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arguments {
    pub log: PathBuf,
    pub run: Option<String>,
    /// The decision that is answered otherwise.
    pub flip: Option<(u64, Action)>,
    /// Who decides from then on.
    pub then: Option<String>,
}

impl Arguments {
    /// The names of files and policies may contain commas: `then=` takes all that follows it, and what is no option in
    /// front of it belongs to the file.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Arguments, String> {
        let (mut head, then) = match text.split_once(",then=") {
            Some((head, then)) => (head, Some(then.to_owned())),
            None => (text, None),
        };
        let (mut run, mut flip) = (None, None);
        while let Some((before, option)) = head.rsplit_once(',') {
            if let Some(id) = option.strip_prefix("run=") {
                let twice = run.replace(id.to_owned());
                twice.map_or(Ok(()), |_| Err("run= is there twice"))?;
            } else if let Some(text) = option.strip_prefix("flip=") {
                let twice = flip.replace(parse_flip(text)?);
                twice.map_or(Ok(()), |_| Err("one decision is answered otherwise, not two"))?;
            } else if let Some((name, _)) = option.split_once('=')
                && !name.contains(['/', '.'])
            {
                return Err(format!("{name}= is no option of a replay; there are run=, flip= and then="));
            } else {
                break;
            }
            head = before;
        }
        if head.is_empty() {
            return Err("LOG is a spool or the folder of a data set".to_owned());
        }
        if then.is_some() && flip.is_none() {
            return Err("then= says who decides after flip=, which is missing".to_owned());
        }
        Ok(Arguments { log: head.into(), run, flip, then })
    }
}

fn parse_flip(text: &str) -> Result<(u64, Action), String> {
    let wrong = || format!("flip={text} is not a decision's number and stay, warm or hot");
    let (id, name) = text.split_once(':').ok_or_else(wrong)?;
    let action = Action::ALL.into_iter().find(|action| action.name() == name).ok_or_else(wrong)?;
    Ok((id.parse().map_err(|_| wrong())?, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_follow_the_log_and_the_policy_comes_last() {
        let parse = |text: &str| Arguments::parse(text).expect(text);
        let log = Arguments { log: "a,b.spool".into(), run: None, flip: None, then: None };
        assert_eq!(parse("a,b.spool"), log);
        assert_eq!(parse("a,b.spool,run=12ab"), Arguments { run: Some("12ab".into()), ..log.clone() });
        let flip = Arguments { flip: Some((7, Action::Hot)), ..log };
        assert_eq!(parse("a,b.spool,flip=7:hot"), flip);
        let then = Arguments { run: Some("r".into()), then: Some("explore:0.1,fixed:50,5000".into()), ..flip };
        assert_eq!(parse("a,b.spool,run=r,flip=7:hot,then=explore:0.1,fixed:50,5000"), then);
        assert_eq!(parse("a,b.spool,flip=7:hot,run=r,then=explore:0.1,fixed:50,5000"), then);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, says) in [
            ("", "LOG is"),
            ("x,then=golden", "flip=, which is missing"),
            ("x,flip=7", "stay, warm or hot"),
            ("x,flip=a:hot", "stay, warm or hot"),
            ("x,flip=7:up", "stay, warm or hot"),
            ("x,flip=7:hot,flip=8:hot", "not two"),
            ("x,run=a,run=b", "twice"),
            ("x,flop=7:hot", "flop= is no option"),
        ] {
            let error = Arguments::parse(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
