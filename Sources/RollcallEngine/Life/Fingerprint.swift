internal import LDAPModel
internal import RollcallCore

/// A digest of everything besides rows and entries that decides how an entry looks.
///
/// When it changes everybody has to be compared again, and what was parked deserves another try.
enum Fingerprint {
  static func of(
    _ query: RosterQuery, path: [String], keyType: KeyType, _ rules: UserRules, groups: String, _ schema: Schema
  ) -> String {
    var hash = StableHash()
    func combine(_ text: String) {
      hash.combine(text.utf8)
      hash.combine(CollectionOfOne(0))
    }
    combine(query.select)
    combine(SessionSettings.path(path))
    combine(keyType.sql)
    for expression in query.expressions { combine(expression.path) }
    combine("\(rules)")
    combine(groups)
    for name in rules.classes {
      guard let found = schema.objectClass(name) else { continue }
      combine(name)
      for attribute in found.must.sorted() + ["|"] + found.may.sorted() { combine(attribute) }
    }
    for name in rules.attributes + [rules.link] + rules.createOnly {
      combine(name)
      combine("\(schema.matchingRule(for: name)) \(schema.attributeType(name)?.singleValue ?? false)")
    }
    return hash.text
  }
}
