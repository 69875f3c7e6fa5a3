//! Generated programs as trees: enough structure to take programs apart again, no more.
//!
//! A node is text with holes that hold other nodes. Only its role says what the reducer may do with it.

use std::borrow::Cow;

/// What a node is to the reducer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Statements, each of which may be deleted.
    Block,
    /// Expressions, fields or arguments between commas, each of which may be deleted.
    List,
    /// May be replaced by the statements of the blocks in it.
    Statement,
    /// May be replaced by a literal or by an expression in it.
    Expression,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(Cow<'static, str>),
    Node(Node),
}

/// A piece of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub role: Role,
    pub parts: Vec<Part>,
}

impl Node {
    /// A node from a template in which every `$` stands for the next of `children`.
    pub fn template(
        role: Role,
        template: impl Into<Cow<'static, str>>,
        children: impl IntoIterator<Item = Node>,
    ) -> Self {
        let template = template.into();
        let mut children = children.into_iter();
        let mut parts = Vec::new();
        for (index, text) in template.split('$').enumerate() {
            if index > 0 {
                let child = children.next();
                debug_assert!(child.is_some(), "too few children for {template}");
                parts.extend(child.map(Part::Node));
            }
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned().into()));
            }
        }
        debug_assert!(children.next().is_none(), "too many children for {template}");
        Self { role, parts }
    }

    pub fn block(statements: Vec<Node>) -> Self {
        Self { role: Role::Block, parts: statements.into_iter().map(Part::Node).collect() }
    }

    pub fn list(items: Vec<Node>) -> Self {
        Self { role: Role::List, parts: items.into_iter().map(Part::Node).collect() }
    }

    /// An expression that is only text.
    pub fn leaf(text: impl Into<Cow<'static, str>>) -> Self {
        Self { role: Role::Expression, parts: vec![Part::Text(text.into())] }
    }

    pub fn children(&self) -> impl Iterator<Item = &Node> {
        self.parts.iter().filter_map(|part| match part {
            Part::Node(node) => Some(node),
            Part::Text(_) => None,
        })
    }

    fn children_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Node(node) => Some(node),
            Part::Text(_) => None,
        })
    }

    /// Number of nodes, this one included.
    pub fn size(&self) -> usize {
        1 + self.children().map(Node::size).sum::<usize>()
    }

    /// The node at `index` in pre-order.
    pub fn at(&self, index: usize) -> Option<&Node> {
        let mut left = index;
        self.find(&mut left)
    }

    fn find(&self, left: &mut usize) -> Option<&Node> {
        if *left == 0 {
            return Some(self);
        }
        *left -= 1;
        self.children().find_map(|child| child.find(left))
    }

    /// A copy in which `edit` has been applied to the node at `index` in pre-order.
    pub fn edited(&self, index: usize, edit: impl FnOnce(&mut Node)) -> Self {
        fn apply<F: FnOnce(&mut Node)>(node: &mut Node, left: &mut usize, edit: &mut Option<F>) {
            if *left == 0 {
                if let Some(edit) = edit.take() {
                    edit(node);
                }
                return;
            }
            *left -= 1;
            for child in node.children_mut() {
                if edit.is_none() {
                    return;
                }
                apply(child, left, edit);
            }
        }
        let mut copy = self.clone();
        let mut left = index;
        let mut edit = Some(edit);
        apply(&mut copy, &mut left, &mut edit);
        copy
    }

    /// The program's text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self.role {
            Role::Block => {
                for statement in self.children() {
                    out.push_str(&"  ".repeat(depth));
                    statement.write(out, depth + 1);
                    out.push('\n');
                }
                out.push_str(&"  ".repeat(depth.saturating_sub(1)));
            }
            Role::List => {
                for (index, item) in self.children().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.write(out, depth);
                }
            }
            Role::Statement | Role::Expression => {
                for part in &self.parts {
                    match part {
                        Part::Text(text) => out.push_str(text),
                        Part::Node(node) => {
                            if node.role == Role::Block {
                                out.push('\n');
                            }
                            node.write(out, depth);
                        }
                    }
                }
            }
        }
    }
}
