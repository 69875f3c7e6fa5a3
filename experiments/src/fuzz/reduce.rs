//! Makes a program smaller while it stays interesting: delta debugging on its tree.

use super::tree::{Node, Part, Role};

/// What an expression is tried as, simplest first.
const LITERALS: [&str; 6] = ["nil", "1", "0.5", "\"\"", "{}", "true"];

/// The smallest program found that is still `interesting`; `interesting` is asked no more often than until it answers
/// `None`.
pub fn reduce(program: Node, mut interesting: impl FnMut(&Node) -> Option<bool>) -> Node {
    let mut best = program;
    loop {
        let before = best.render().len();
        for pass in [delete_in_lists, unwrap_statements, simplify_expressions] {
            match pass(best, &mut interesting) {
                Ok(smaller) => best = smaller,
                Err(smallest) => return smallest,
            }
        }
        if best.render().len() >= before {
            return best;
        }
    }
}

type Passed = Result<Node, Node>;

/// Tries an edit of the node at `index`; `Ok(true)` when it was kept.
fn attempt(
    best: &mut Node,
    index: usize,
    interesting: &mut impl FnMut(&Node) -> Option<bool>,
    edit: impl FnOnce(&mut Node),
) -> Result<bool, ()> {
    let candidate = best.edited(index, edit);
    if candidate == *best {
        return Ok(false);
    }
    match interesting(&candidate) {
        None => Err(()),
        Some(true) => {
            *best = candidate;
            Ok(true)
        }
        Some(false) => Ok(false),
    }
}

/// Deletes statements from blocks, and items from lists: large pieces first.
fn delete_in_lists(mut best: Node, interesting: &mut impl FnMut(&Node) -> Option<bool>) -> Passed {
    let mut index = 0;
    while let Some(node) = best.at(index) {
        if matches!(node.role, Role::Block | Role::List) {
            let mut width = node.parts.len();
            while width > 0 {
                let mut from = 0;
                while best.at(index).is_some_and(|node| from < node.parts.len()) {
                    let kept = attempt(&mut best, index, interesting, |node| {
                        let end = (from + width).min(node.parts.len());
                        node.parts.drain(from..end);
                    });
                    match kept {
                        Ok(true) => {}
                        Ok(false) => from += width,
                        Err(()) => return Err(best),
                    }
                }
                width /= 2;
            }
        }
        index += 1;
    }
    Ok(best)
}

/// Puts what a statement contains in its place.
fn unwrap_statements(mut best: Node, interesting: &mut impl FnMut(&Node) -> Option<bool>) -> Passed {
    let mut index = 0;
    while let Some(node) = best.at(index) {
        if node.role == Role::Statement {
            let blocks: Vec<Node> = blocks_in(node);
            for block in blocks {
                // `do` keeps the scope, and what may only stand at its end.
                let wrapped = Node::template(Role::Statement, "do$end", [block]);
                if wrapped.size() >= best.at(index).map_or(0, Node::size) {
                    continue;
                }
                match attempt(&mut best, index, interesting, |node| *node = wrapped) {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(()) => return Err(best),
                }
            }
        }
        index += 1;
    }
    Ok(best)
}

fn blocks_in(node: &Node) -> Vec<Node> {
    node.children()
        .flat_map(|child| if child.role == Role::Block { vec![child.clone()] } else { blocks_in(child) })
        .collect()
}

/// Replaces expressions by literals, or by expressions in them.
fn simplify_expressions(mut best: Node, interesting: &mut impl FnMut(&Node) -> Option<bool>) -> Passed {
    let mut index = 0;
    while let Some(node) = best.at(index) {
        if node.role == Role::Expression {
            let text = node.render();
            let mut replacements: Vec<Node> = Vec::new();
            if !LITERALS.contains(&text.as_str()) {
                replacements.extend(LITERALS.map(Node::leaf));
            }
            replacements.extend(expressions_in(node));
            for replacement in replacements {
                if replacement.render().len() >= text.len().max(5) {
                    continue;
                }
                match attempt(&mut best, index, interesting, |node| *node = replacement) {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(()) => return Err(best),
                }
            }
        }
        index += 1;
    }
    Ok(best)
}

fn expressions_in(node: &Node) -> Vec<Node> {
    node.parts
        .iter()
        .filter_map(|part| match part {
            Part::Node(child) => Some(child),
            Part::Text(_) => None,
        })
        .flat_map(|child| if child.role == Role::Expression { vec![child.clone()] } else { expressions_in(child) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_goes() {
        let call = Node::template(Role::Expression, "f($)", [Node::list(vec![Node::leaf("x"), Node::leaf("bad")])]);
        let inner = Node::block(vec![
            Node::template(Role::Statement, "local y = $", [Node::leaf("1 + 2")]),
            Node::template(
                Role::Statement,
                "print($)",
                [Node::template(Role::Expression, "($ + $)", [Node::leaf("a_long_name"), call])],
            ),
        ]);
        let program = Node::block(vec![
            Node::template(Role::Statement, "local z = $", [Node::leaf("3")]),
            Node::template(Role::Statement, "while $ do$end", [Node::leaf("true"), inner]),
        ]);
        let small = reduce(program, |program| Some(program.render().contains("bad")));
        assert_eq!(small.render().split_whitespace().collect::<Vec<_>>().join(" "), "do print(bad) end");
    }

    #[test]
    fn a_budget_ends_it() {
        let program = Node::block((0..50).map(|_| Node::template(Role::Statement, "x = 1", [])).collect());
        let mut left = 7;
        let mut asked = 0;
        reduce(program, |_| {
            asked += 1;
            left -= 1;
            (left >= 0).then_some(false)
        });
        assert_eq!(asked, 8);
    }
}
