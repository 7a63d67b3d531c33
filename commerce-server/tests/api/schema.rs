//! Holds JSON against the schemas of the contract: as much of JSON Schema as the contract uses, and stricter: no member is unknown.

use commerce_server::api::{Operation, PREFIX, contract};
use serde_json::{Map, Value};

pub(crate) struct Contract(Value);

impl Contract {
    pub(crate) fn new() -> Self {
        Self(serde_json::to_value(contract()).unwrap())
    }

    fn response(&self, operation: &Operation, status: u16, content: &str) -> &Value {
        let path = &self.0["paths"][format!("{PREFIX}{}", operation.path)][operation.method.as_str().to_ascii_lowercase()];
        let response = &path["responses"][status.to_string()];
        assert!(response.is_object(), "the contract of {operation:?} has no {status}");
        &response["content"][content]["schema"]
    }

    pub(crate) fn check_answer(&self, operation: &Operation, status: u16, json: &Value) {
        let schema = self.response(operation, status, "application/json");
        self.check(schema, json).unwrap_or_else(|why| panic!("the answer of {operation:?} breaks the contract: {why}: {json:#}"));
    }

    pub(crate) fn check_problem(&self, operation: &Operation, status: u16, json: &Value) {
        let schema = self.response(operation, status, "application/problem+json");
        self.check(schema, json).unwrap_or_else(|why| panic!("the problem of {operation:?} breaks the contract: {why}: {json:#}"));
        assert_eq!(json["status"], status);
    }

    /// Checks an example of a request.
    pub(crate) fn check_request(&self, name: &str, json: &Value) -> Result<(), String> {
        self.check(&self.0["components"]["schemas"][name], json)
    }

    fn check(&self, schema: &Value, json: &Value) -> Result<(), String> {
        let mut members = Map::new();
        let mut open = false;
        self.gather(schema, json, &mut members, &mut open)?;
        let unknown = json.as_object().into_iter().flatten().find(|(name, _)| !open && !members.contains_key(*name));
        unknown.map_or(Ok(()), |(name, _)| Err(format!("unknown member {name}")))
    }

    /// Checks against one schema, and notes the members that it knows.
    fn gather(&self, schema: &Value, json: &Value, members: &mut Map<String, Value>, open: &mut bool) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let found = self.0.pointer(reference.trim_start_matches('#')).ok_or(format!("there is no {reference}"))?;
            return self.gather(found, json, members, open);
        }
        for part in list(schema, "allOf") {
            self.gather(part, json, members, open)?;
        }
        let choices: Vec<&Value> = list(schema, "oneOf").chain(list(schema, "anyOf")).collect();
        if !choices.is_empty() {
            let mut told = Vec::new();
            let fits = choices.iter().find_map(|choice| {
                let (mut found, mut is_open) = (Map::new(), false);
                self.gather(choice, json, &mut found, &mut is_open).map_err(|why| told.push(why)).ok()?;
                Some((found, is_open))
            });
            let (found, is_open) = fits.ok_or_else(|| format!("none of {told:?}"))?;
            members.extend(found);
            *open |= is_open;
        }
        check_type(schema, json)?;
        let values: Vec<&Value> = list(schema, "enum").collect();
        if !values.is_empty() && !values.contains(&json) {
            return Err(format!("{json} is none of {values:?}"));
        }
        if let Some(object) = json.as_object() {
            self.check_members(schema, object, members, open)?;
        }
        for value in json.as_array().into_iter().flatten() {
            self.check(&schema["items"], value)?;
        }
        Ok(())
    }

    fn check_members(
        &self,
        schema: &Value,
        object: &Map<String, Value>,
        members: &mut Map<String, Value>,
        open: &mut bool,
    ) -> Result<(), String> {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            members.insert(name.clone(), Value::Null);
            if let Some(value) = object.get(name) {
                self.check(schema, value).map_err(|why| format!("{name}: {why}"))?;
            }
        }
        if schema["additionalProperties"].is_object() {
            *open = true;
            for value in object.values() {
                self.check(&schema["additionalProperties"], value)?;
            }
        }
        match list(schema, "required").find(|name| !object.contains_key(name.as_str().unwrap_or_default())) {
            Some(name) => Err(format!("{name} is missing")),
            None => Ok(()),
        }
    }
}

fn list<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    schema[name].as_array().into_iter().flatten()
}

fn check_type(schema: &Value, json: &Value) -> Result<(), String> {
    let wanted: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let fits = wanted.iter().any(|name| match *name {
        "null" => json.is_null(),
        "boolean" => json.is_boolean(),
        "integer" => json.is_i64() || json.is_u64(),
        "number" => json.is_number(),
        "string" => json.is_string(),
        "array" => json.is_array(),
        "object" => json.is_object(),
        _ => false,
    });
    if fits { Ok(()) } else { Err(format!("{json} is not of type {wanted:?}")) }
}
