//! Where the operands of a source's operators stand, its match arms and fields.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Context, Result};
use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::list::Place;

/// What a change of one place needs to know of what stands around it; all in bytes.
#[derive(Debug, Default)]
pub(crate) struct Source {
    lines: Vec<usize>,
    text: String,
    /// By the place of the operator.
    pub(crate) binaries: HashMap<usize, Binary>,
    /// By the place of the operator: the whole, and its operand.
    pub(crate) unaries: HashMap<usize, (Range<usize>, Range<usize>)>,
    /// By the place of the arm: the end of its pattern, and its guard.
    pub(crate) arms: HashMap<usize, (usize, Option<Range<usize>>)>,
    /// By the place of the field: its value, its name, and where the struct has the rest from.
    pub(crate) fields: HashMap<usize, (Range<usize>, String, Range<usize>)>,
}

/// An operator between two operands.
#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) whole: Range<usize>,
    pub(crate) left: Range<usize>,
    pub(crate) right: Range<usize>,
    /// `let` is one of the operands, which no parenthesis may hold.
    pub(crate) is_let_chain: bool,
}

impl Source {
    /// Reads `text`.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        let mut source = Self {
            lines: lines.collect(),
            text: text.to_owned(),
            ..Self::default()
        };
        let file = syn::parse_file(text).context("does not parse")?;
        source.visit_file(&file);
        Ok(source)
    }

    /// Where `place` is.
    pub(crate) fn at(&self, place: Place) -> usize {
        let start = self.lines.get(place.line - 1).copied().unwrap_or_default();
        let line = &self.text[start..];
        start
            + line
                .char_indices()
                .nth(place.column - 1)
                .map_or(line.len(), |(at, _)| at)
    }

    fn start(&self, place: LineColumn) -> usize {
        self.at(Place {
            line: place.line,
            column: place.column + 1,
        })
    }

    fn range(&self, of: &impl Spanned) -> Range<usize> {
        let span = of.span();
        self.start(span.start())..self.start(span.end())
    }
}

impl<'a> Visit<'a> for Source {
    fn visit_expr_binary(&mut self, node: &'a syn::ExprBinary) {
        let binary = Binary {
            whole: self.range(node),
            left: self.range(&node.left),
            right: self.range(&node.right),
            is_let_chain: has_let(&node.left) || has_let(&node.right),
        };
        self.binaries.insert(self.range(&node.op).start, binary);
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'a syn::ExprUnary) {
        let found = (self.range(node), self.range(&node.expr));
        self.unaries.insert(found.0.start, found);
        visit::visit_expr_unary(self, node);
    }

    fn visit_arm(&mut self, node: &'a syn::Arm) {
        let guard = node.guard.as_ref().map(|(_, guard)| self.range(guard));
        self.arms
            .insert(self.range(node).start, (self.range(&node.pat).end, guard));
        visit::visit_arm(self, node);
    }

    fn visit_expr_struct(&mut self, node: &'a syn::ExprStruct) {
        if let Some(rest) = &node.rest {
            for field in &node.fields {
                // `Struct { field, ..rest }` names the value and the field by one word.
                if let (Some(_), syn::Member::Named(name)) = (&field.colon_token, &field.member) {
                    let found = (self.range(&field.expr), name.to_string(), self.range(rest));
                    self.fields.insert(self.range(field).start, found);
                }
            }
        }
        visit::visit_expr_struct(self, node);
    }
}

/// Whether `expression` is a `let`, or a chain of conditions that has one.
fn has_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(node) if matches!(node.op, syn::BinOp::And(_)) => {
            has_let(&node.left) || has_let(&node.right)
        }
        _ => false,
    }
}
