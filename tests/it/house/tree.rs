//! The source as a tree of modules, each with the paths that it writes.

use std::collections::{BTreeMap, BTreeSet};

use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, Meta, Visibility};

/// A module by its names, the crate's first.
pub(super) type Module = Vec<String>;

/// What a file's text is; `None` where there is no such file.
pub(super) type Files<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What one module holds, code for its tests apart.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// The file, below `src`.
    pub(super) file: String,
    pub(super) items: BTreeSet<String>,
    /// Names that `use` brings here, with what they stand for; a glob has no name.
    pub(super) names: Vec<(Option<String>, Vec<String>)>,
    pub(super) written: BTreeSet<Written>,
}

/// A path as it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Written {
    pub(super) path: Vec<String>,
    /// By a `use`, and whether it is one that gives the name to others.
    pub(super) used: bool,
    pub(super) given: bool,
}

/// All modules of a crate, from its root file.
pub(super) fn read(
    tree: &mut BTreeMap<Module, Holds>,
    crate_name: &str,
    root: &str,
    files: Files<'_>,
) {
    let mut left = vec![(vec![crate_name.to_owned()], root.to_owned(), String::new())];
    while let Some((module, file, folder)) = left.pop() {
        let text = files(&file).unwrap_or_else(|| panic!("there is no {file}"));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut reader = Reader { tree, file, folder, module, below: Vec::new() };
        reader.open();
        reader.visit_file(&parsed);
        for (module, folder) in reader.below {
            let name = module.last().expect("a name");
            let places = [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")];
            let file = places.into_iter().find(|file| files(file).is_some());
            let file = file.unwrap_or_else(|| panic!("{module:?} has no file"));
            left.push((module.clone(), file, format!("{folder}{name}/")));
        }
    }
}

struct Reader<'t> {
    tree: &'t mut BTreeMap<Module, Holds>,
    file: String,
    /// Where the files of this module's own modules are.
    folder: String,
    module: Module,
    /// Modules in files of their own, and the folder they are in.
    below: Vec<(Module, String)>,
}

impl Reader<'_> {
    fn open(&mut self) {
        let holds = Holds { file: self.file.clone(), ..Holds::default() };
        self.tree.insert(self.module.clone(), holds);
    }

    fn here(&mut self) -> &mut Holds {
        self.tree.get_mut(&self.module).expect("opened")
    }

    fn write(&mut self, path: Vec<String>) {
        self.here().written.insert(Written { path, used: false, given: false });
    }

    fn bring(&mut self, tree: &syn::UseTree, mut path: Vec<String>, given: bool) {
        let name = match tree {
            syn::UseTree::Path(step) => {
                path.push(step.ident.to_string());
                return self.bring(&step.tree, path, given);
            }
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.bring(tree, path.clone(), given));
            }
            syn::UseTree::Glob(_) => None,
            syn::UseTree::Name(syn::UseName { ident }) => Some((ident, ident)),
            syn::UseTree::Rename(syn::UseRename { ident, rename, .. }) => Some((ident, rename)),
        };
        let name = name.map(|(ident, name)| {
            if ident != "self" {
                path.push(ident.to_string());
            }
            let name = if name == "self" { path.last().cloned() } else { Some(name.to_string()) };
            name.expect("a name")
        });
        self.here().names.push((name, path.clone()));
        self.here().written.insert(Written { path, used: true, given });
    }

    /// The paths in tokens that only their macro can parse; `before` stands before each.
    fn scan(&mut self, mut left: Cursor<'_>, before: &[String]) {
        let (mut path, mut colons) = (before.to_vec(), 0);
        while !left.eof() {
            let goes_on = colons == 2;
            if let Some((ident, after)) = left.ident() {
                if !goes_on {
                    self.write(std::mem::replace(&mut path, before.to_vec()));
                }
                path.push(ident.to_string());
                (left, colons) = (after, 0);
                continue;
            }
            if let Some((':', after)) = left.punct().map(|(it, after)| (it.as_char(), after)) {
                (left, colons) = (after, colons + 1);
                continue;
            }
            if let Some((inside, _, _, after)) = left.any_group() {
                self.scan(inside, if goes_on { &path } else { &[] });
                left = after;
            } else {
                left = left.token_tree().expect("not the end").1;
            }
            self.write(std::mem::replace(&mut path, before.to_vec()));
            colons = 0;
        }
        self.write(path);
    }
}

/// Whether code is there for tests only.
fn tested(attributes: &[Attribute]) -> bool {
    fn asks(meta: &Meta) -> bool {
        match meta {
            Meta::Path(path) => path.is_ident("test"),
            Meta::List(list) if list.path.is_ident("all") => {
                let comma = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
                list.parse_args_with(comma).is_ok_and(|all| all.iter().any(asks))
            }
            _ => false,
        }
    }
    let cfg = |attribute: &&Attribute| attribute.path().is_ident("cfg");
    attributes.iter().filter(cfg).any(|it| it.parse_args::<Meta>().is_ok_and(|it| asks(&it)))
}

/// An item's attributes and name, as far as it has them.
fn head(item: &Item) -> (&[Attribute], Option<&Ident>) {
    match item {
        Item::Const(it) => (&it.attrs, Some(&it.ident)),
        Item::Enum(it) => (&it.attrs, Some(&it.ident)),
        Item::Fn(it) => (&it.attrs, Some(&it.sig.ident)),
        Item::ForeignMod(it) => (&it.attrs, None),
        Item::Impl(it) => (&it.attrs, None),
        Item::Macro(it) => (&it.attrs, it.ident.as_ref()),
        Item::Mod(it) => (&it.attrs, Some(&it.ident)),
        Item::Static(it) => (&it.attrs, Some(&it.ident)),
        Item::Struct(it) => (&it.attrs, Some(&it.ident)),
        Item::Trait(it) => (&it.attrs, Some(&it.ident)),
        Item::Type(it) => (&it.attrs, Some(&it.ident)),
        Item::Use(it) => (&it.attrs, None),
        _ => panic!("an item of a kind that nobody used here before"),
    }
}

macro_rules! unless_tested {
    ($($method:ident $node:ident),*) => {$(
        fn $method(&mut self, node: &'ast syn::$node) {
            if !tested(&node.attrs) {
                visit::$method(self, node);
            }
        }
    )*};
}

macro_rules! unsafe_where {
    ($($method:ident $node:ident $field:ident),*) => {$(
        fn $method(&mut self, node: &'ast syn::$node) {
            if node.$field.is_some() {
                self.write(vec!["unsafe".into()]);
            }
            visit::$method(self, node);
        }
    )*};
}

impl<'ast> Visit<'ast> for Reader<'_> {
    unless_tested!(
        visit_arm Arm, visit_field Field, visit_impl_item_const ImplItemConst,
        visit_impl_item_fn ImplItemFn, visit_local Local, visit_stmt_macro StmtMacro,
        visit_trait_item_fn TraitItemFn, visit_variant Variant
    );
    unsafe_where!(
        visit_item_foreign_mod ItemForeignMod unsafety, visit_item_impl ItemImpl unsafety,
        visit_item_trait ItemTrait unsafety, visit_signature Signature unsafety
    );

    fn visit_expr_unsafe(&mut self, node: &'ast syn::ExprUnsafe) {
        self.write(vec!["unsafe".into()]);
        visit::visit_expr_unsafe(self, node);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = head(item);
        if tested(attributes) {
            return;
        }
        match (item, name) {
            (Item::Mod(_), _) | (_, None) => {}
            (_, Some(name)) => drop(self.here().items.insert(name.to_string())),
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        let name = node.ident.to_string();
        self.module.push(name.clone());
        if node.content.is_some() {
            let folder = format!("{}{name}/", self.folder);
            let outer = std::mem::replace(&mut self.folder, folder);
            self.open();
            visit::visit_item_mod(self, node);
            self.folder = outer;
        } else {
            self.below.push((self.module.clone(), self.folder.clone()));
        }
        self.module.pop();
    }

    fn visit_item_use(&mut self, node: &'ast syn::ItemUse) {
        let given = !matches!(node.vis, Visibility::Inherited);
        self.bring(&node.tree, Vec::new(), given);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.write(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// `pub(super)` leads nowhere.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        self.visit_path(&node.path);
        self.scan(TokenBuffer::new2(node.tokens.clone()).begin(), &[]);
    }

    fn visit_meta_list(&mut self, node: &'ast syn::MetaList) {
        self.visit_path(&node.path);
        self.scan(TokenBuffer::new2(node.tokens.clone()).begin(), &[]);
    }
}
