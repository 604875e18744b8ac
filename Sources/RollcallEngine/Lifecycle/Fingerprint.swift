internal import LDAPModel
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// A digest of everything, besides rows and entries, that determines how an entry looks.
///
/// When it changes, a full comparison is needed and parked keys are tried again.
enum Fingerprint {
  static func of(
    _ query: RosterQuery, path: [String], keyType: KeyType, _ rules: UserRules, groups: Configuration.Groups?,
    _ schema: Schema
  ) -> String {
    var hash = StableHash()
    func combine(_ text: String) {
      hash.combine(text.utf8)
      hash.combine(CollectionOfOne(0))
    }
    combine(query.select)
    combine(SessionSettings.path(path))
    combine(keyType.sql)
    if let timezone = query.timezone { combine(timezone) }
    for expression in query.due { combine(expression.sql) }
    for expression in query.expressions { combine(expression.path) }
    // What is not used leaves the digests of older versions as they are.
    let unused = [
      ", leavers: nil", ", deletesLeavers: false", ", conditional: []", ", followsPassword: false", ", references: []",
      ", adoption: nil",
    ]
    combine(unused.reduce(described(rules)) { $0.replacing($1, with: "") })
    combine(described(groups).replacing(", references: []", with: ""))
    for name in rules.classes + rules.conditional {
      guard let found = schema.objectClass(name) else { continue }
      combine(name)
      for attribute in found.must.sorted() + ["|"] + found.may.sorted() { combine(attribute) }
    }
    for name in rules.attributes + [rules.link] + rules.createOnly + rules.references {
      combine(name)
      combine("\(schema.matchingRule(for: name)) \(schema.attributeType(name)?.singleValue ?? false)")
    }
    return hash.text
  }

  /// All fields of a value, without the names of the modules that define their types.
  private static func described(_ value: some Any) -> String {
    ["RollcallConfiguration.", "RollcallCore.", "LDAPModel."].reduce(String(describing: value)) { text, module in
      text.replacing(module, with: "")
    }
  }
}
