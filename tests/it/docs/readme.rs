//! README shows files that tests run, and shows them as they are.
//!
//! `ENTRABULK_BLESS=1 cargo test --test it readme` copies the files into README.

use std::path::Path;

/// README with every `<!-- file: PATH -->` followed by that file in a fence.
fn rendered(readme: &str, root: &Path) -> String {
    let mut out = String::new();
    let mut lines = readme.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(path) =
            line.strip_prefix("<!-- file: ").and_then(|rest| rest.strip_suffix(" -->"))
        else {
            continue;
        };
        // The fence that stands there now, if any, is replaced.
        let mut fence = lines.clone().skip_while(|line| line.is_empty());
        if fence.next().is_some_and(|line| line.starts_with("```")) {
            while lines.next_if(|line| line.is_empty()).is_some() {}
            lines.next();
            for line in lines.by_ref() {
                if line.starts_with("```") {
                    break;
                }
            }
        }
        let file = std::fs::read_to_string(root.join(path))
            .unwrap_or_else(|error| panic!("README shows {path}: {error}"));
        let language = match Path::new(path).extension().and_then(|name| name.to_str()) {
            Some("ps1") => "powershell",
            Some("cs") => "csharp",
            Some(other) => other,
            None => "",
        };
        out.push_str(&format!("\n```{language}\n{}\n```\n", file.trim_end()));
    }
    out
}

#[test]
fn readme_shows_the_files_that_are_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let wanted = rendered(&readme, root);
    assert!(wanted.matches("<!-- file: ").count() >= 4, "README lost its examples");
    if std::env::var_os("ENTRABULK_BLESS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert!(
        std::env::var_os("ENTRABULK_BLESS").is_some() || readme == wanted,
        "README.md differs from the files it shows; ENTRABULK_BLESS=1 cargo test --test it readme"
    );
}

#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    pages.extend(std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    for page in pages.iter().filter(|page| page.extension().is_some_and(|name| name == "md")) {
        let text = std::fs::read_to_string(page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let beside = page.parent().unwrap().join(file);
            assert!(beside.exists(), "{} links to {target}", page.display());
        }
    }
}
