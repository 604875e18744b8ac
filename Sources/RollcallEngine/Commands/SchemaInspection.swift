internal import LDAPModel
internal import Postgres
internal import RollcallCore

/// Whether the directory's schema takes what the mapping makes, before anything is written.
struct SchemaInspection {
  private let configuration: Configuration
  private let schema: Schema
  private let dialect: any Dialect
  private let readings: [MappingReading]

  init(
    _ configuration: Configuration, _ schema: Schema, _ dialect: any Dialect, _ readings: [MappingReading]
  ) {
    self.configuration = configuration
    self.schema = schema
    self.dialect = dialect
    self.readings = readings
  }

  func findings() -> [Finding] {
    let users = configuration.users
    var findings = classes("users.classes", users.classes)
    let mapped = users.attributes.map { ("users.attributes.\($0.attribute)", $0.attribute) }
    let first = users.createOnly.map { ("users.create_only.\($0.attribute)", $0.attribute) }
    let disabling = users.disable.map { ("users.disable.\($0.attribute)", $0.attribute) }
    for (path, name) in mapped + first + disabling + [("users.link", users.link)] {
      findings += attribute(path, name, of: users.classes)
    }
    for (path, name) in mapped + first { findings += values(path, name) }
    findings += demanded(
      "users.classes", users.classes, given: (mapped + first).map(\.1) + [users.link, users.naming])
    for (index, level) in users.container.enumerated()
    where dialect.containerClasses(naming: level.attribute) == nil {
      findings.append(
        Finding(
          .error, configuration.place(of: "users.container[\(index)]"),
          "nobody knows the class of an entry that \(level.attribute) names",
          remedy: "use ou, o, l, st, c or dc"))
    }
    if let groups = configuration.groups { findings += self.groups(groups) }
    if !findings.contains(where: { $0.level == .error }) {
      findings.append(
        Finding(.ok, configuration.place(of: "users.classes"), "the directory's schema takes the mapping"))
    }
    return findings
  }

  private func groups(_ groups: Configuration.Groups) -> [Finding] {
    var findings = classes("groups.classes", groups.classes)
    let mapped = groups.attributes.map { ("groups.attributes.\($0.attribute)", $0.attribute) }
    for (path, name) in mapped + [("groups.naming", groups.naming), ("groups.member", groups.member)] {
      findings += attribute(path, name, of: groups.classes)
    }
    let given = mapped.map(\.1) + [groups.naming, groups.member]
    return findings + demanded("groups.classes", groups.classes, given: given)
  }

  // MARK: Parts

  private func classes(_ path: String, _ names: [String]) -> [Finding] {
    let place = configuration.place(of: path)
    let unknown = names.filter { schema.objectClass($0) == nil }
    if !unknown.isEmpty {
      return unknown.map {
        Finding(
          .error, place, "the server knows no class \"\($0)\"", remedy: "correct it, or load its schema")
      }
    }
    if names.contains(where: { schema.objectClass($0)?.kind == .structural }) { return [] }
    return [Finding(.error, place, "none of the classes is structural, and an entry needs one")]
  }

  private func attribute(_ path: String, _ name: String, of classes: [String]) -> [Finding] {
    let place = configuration.place(of: path)
    guard let type = schema.attributeType(name) else {
      return [
        Finding(
          .error, place, "the server knows no attribute \"\(name)\"", remedy: "correct it, or load its schema"
        )
      ]
    }
    if type.noUserModification {
      return [Finding(.error, place, "only the server itself writes \"\(name)\"")]
    }
    guard classes.allSatisfy({ schema.objectClass($0) != nil }), !schema.allows(name, classes: classes) else {
      return []
    }
    return [
      Finding(
        .error, place, "none of the classes \(classes.joined(separator: ", ")) allows \"\(name)\"",
        remedy: "add one that does")
    ]
  }

  /// What an expression gives, against how many values the attribute takes.
  private func values(_ path: String, _ name: String) -> [Finding] {
    guard let reading = readings.first(where: { $0.path == path }), reading.isArray else { return [] }
    let place = configuration.place(of: path)
    if schema.canonicalName(name) == schema.canonicalName(configuration.users.naming) {
      return [
        Finding(.error, place, "names the entry and takes one value, but the expression gives an array")
      ]
    }
    guard schema.attributeType(name)?.singleValue == true else { return [] }
    return [Finding(.error, place, "\"\(name)\" takes one value, but the expression gives an array")]
  }

  /// Attributes that the classes demand and nothing gives.
  private func demanded(_ path: String, _ classes: [String], given: [String]) -> [Finding] {
    let known = Set((given + dialect.providedAttributes).map(schema.canonicalName))
    let missing = schema.must(classes: classes).subtracting(known)
    if missing.isEmpty { return [] }
    let names = missing.sorted().joined(separator: ", ")
    let section = path.prefix { $0 != "." }
    return [
      Finding(
        .error, configuration.place(of: path), "the classes demand \(names), which nothing maps",
        remedy: "map it in \(section).attributes")
    ]
  }
}
