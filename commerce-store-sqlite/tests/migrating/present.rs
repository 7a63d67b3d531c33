//! The release that there is: it writes the committed file, and refuses what the next one made of it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use commerce_core::testkit::shop::Shop;
use commerce_store_sqlite::{OpenError, SqliteOptions, SqliteStore};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::executor::block_on;
use rusqlite::types::Value;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::golden::{Content, Copy, clock, content, edit, golden, verify};

/// Has this in its environment who wants the file to be written anew.
const UPDATE: &str = "UPDATE_GOLDEN";
/// Writes a file in which much has happened.
fn bustle(path: &Path) {
    let clock = clock();
    let (store, handle) = SqliteStore::open(path, SqliteOptions::new(clock.clone())).unwrap();
    drop(block_on(Shop::over(store, clock).open_and_bustle()));
    handle.close();
}

/// How the rows of a file look: of each table and column the types of its values, of each stored form the fields and their types. Two
/// runs take turns in another order, and so write other values; they write the same forms.
fn forms(content: &Content) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    for (table, rows) in &content.tables {
        for row in rows {
            let text = |name: &str| row.iter().find(|(column, _)| column == name).map(|(_, value)| format!("{value:?}"));
            // of an event its type and version say what form the body has
            let kind = [text("kind"), text("kind_version")].into_iter().flatten().collect::<Vec<_>>().join(" ");
            for (column, value) in row {
                let json = match value {
                    Value::Blob(bytes) => serde_json::from_slice::<Json>(bytes).ok().filter(Json::is_object),
                    _ => None,
                };
                match json {
                    Some(json) => fields(&json, &format!("{table}.{column} {kind}"), &mut forms),
                    None => drop(forms.insert(format!("{table}.{column}: {}", value.data_type()))),
                }
            }
        }
    }
    forms
}

/// The fields of a stored form, each with its type.
fn fields(json: &Json, place: &str, forms: &mut BTreeSet<String>) {
    match json {
        Json::Object(object) => object.iter().for_each(|(name, value)| fields(value, &format!("{place}.{name}"), forms)),
        Json::Array(values) => values.iter().for_each(|value| fields(value, &format!("{place}[]"), forms)),
        Json::String(_) => drop(forms.insert(format!("{place}: text"))),
        Json::Number(_) => drop(forms.insert(format!("{place}: number"))),
        Json::Bool(_) => drop(forms.insert(format!("{place}: bool"))),
        Json::Null => drop(forms.insert(format!("{place}: null"))),
    }
}

#[test]
fn the_committed_file_is_what_this_version_writes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.db");
    bustle(&path);
    if std::env::var_os(UPDATE).is_some() {
        let mut packed = GzEncoder::new(File::create(golden()).unwrap(), Compression::best());
        packed.write_all(&fs::read(&path).unwrap()).unwrap();
        packed.finish().unwrap();
    }
    let (written, committed) = (content(&path), content(&Copy::new().path()));
    let how = "if the schema of version 1 or a stored form was changed on purpose, `make golden` writes the file anew";
    assert_eq!(written.schema, committed.schema, "{how}");
    let (written, committed) = (forms(&written), forms(&committed));
    let differ: Vec<_> = written.symmetric_difference(&committed).collect();
    assert!(differ.is_empty(), "{differ:#?} stand in one of them alone; {how}");
}

#[test]
fn the_committed_file_is_clean() {
    let report = verify(&Copy::new().path());
    assert!(report.is_clean() && report.unsettled.is_empty(), "{report}");
    assert!(report.looked_at.values().all(|count| *count > 0), "every check has something to look at:\n{report}");
}

#[test]
fn a_file_that_the_next_release_migrated_is_refused_as_newer_and_left_as_it_is() {
    let copy = Copy::new();
    let conn = edit(&copy.path());
    conn.execute_batch(include_str!("../../migrations/next/0002_next.sql")).unwrap();
    conn.execute("UPDATE facts SET schema_version = 2", []).unwrap();
    drop(conn);
    let before = fs::read(copy.path()).unwrap();
    let options = SqliteOptions::new(clock());
    let refused = SqliteStore::open(copy.path(), options).map(|(_, handle)| handle.close()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 2, known: 1, .. }), "{refused:?}");
    assert!(refused.to_string().ends_with("shop.db has schema version 2, this version reads up to 1"), "{refused}");
    let refused = SqliteStore::open_snapshot(copy.path(), clock()).map(|(_, handle)| handle.close()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 2, known: 1, .. }), "{refused:?}");
    assert!(fs::read(copy.path()).unwrap() == before);
}
