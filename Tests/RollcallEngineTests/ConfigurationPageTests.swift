import Foundation
import PageBlocks
import RollcallEngine
import Testing

@testable import RollcallConfiguration

/// The page `Configuration` lists the keys that there are, with the defaults that they have, and its examples are taken.
@Suite struct ConfigurationPageTests {
  /// A row of one of the page's tables.
  private struct Key {
    var path: String
    /// YAML; nil: there is none.
    var standard: String?
    var isRequired: Bool
    var example: String
  }

  private static func keys() throws -> [Key] {
    try Page.named("Configuration").rows.filter { $0.columns.count == 4 }.map { name, columns in
      let standard = columns[1]
      return Key(
        path: name, standard: standard.hasPrefix("`") ? code(standard) : nil, isRequired: standard == "required",
        example: code(columns[2]))
    }
  }

  /// What the first backquotes of a cell hold.
  private static func code(_ cell: String) -> String {
    let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
    return parts.count > 1 ? String(parts[1]) : ""
  }

  /// The least that a configuration needs, as paths and YAML.
  private static let least: [(String, String)] = [
    ("source.table", "public.users"), ("source.key", "id"), ("directory.url", "ldaps://ldap.example.com"),
    ("directory.bind", "{ dn: \"cn=rollcall,dc=example,dc=com\", password: \"${LDAP_PASSWORD}\" }"),
    ("users.base", "ou=users,dc=example,dc=com"), ("users.attributes", "{ uid: username, cn: full_name }"),
  ]
  private static let groups = [("groups.base", "ou=groups,dc=example,dc=com"), ("groups.membership", "roles")]

  /// The least that has this key.
  ///
  /// - Parameter value: nil leaves it out.
  private static func document(_ path: String, _ value: String?) -> String {
    var pairs = least + (path.hasPrefix("groups.") ? groups : [])
    pairs.removeAll { $0.0 == path || path.hasPrefix($0.0 + ".") }
    if path == "source.query" { pairs.removeAll { $0.0 == "source.table" } }
    if path.hasPrefix("directory.bind.password") { pairs.append(("directory.bind.dn", "cn=rollcall")) }
    if path == "directory.bind.dn" { pairs.append(("directory.bind.password", "secret")) }
    if path == "directory.starttls" { pairs.removeAll { $0.0 == "directory.url" } }
    if path == "directory.starttls" { pairs.append(("directory.url", "ldap://ldap.example.com")) }
    if path == "directory.certificate", value != nil { pairs.append(("directory.key", "/etc/rollcall/client.key")) }
    if path == "directory.key", value != nil { pairs.append(("directory.certificate", "/etc/rollcall/client.crt")) }
    if path == "directory.bind.mechanism" {
      pairs.removeAll { $0.0 == "directory.url" }
      pairs.append(("directory.url", "ldapi://%2Frun%2Fslapd%2Fldapi"))
    }
    if ["directory.bind.principal", "directory.bind.keytab"].contains(path) {
      pairs += [
        ("directory.bind.mechanism", "gssapi"), ("directory.bind.principal", "rollcall@EXAMPLE.COM"),
        ("directory.bind.keytab", "ldap.keytab"),
      ].filter { $0.0 != path }
    }
    if path == "users.delete_after", value != nil { pairs.append(("users.removed", "disable")) }
    if path == "users.naming" { pairs[pairs.count - 1].1 = "{ uid: username, cn: full_name }" }
    if let value { pairs.append((path, value)) }
    return print(pairs.map { ($0.0.split(separator: ".").map(String.init)[...], $0.1) }, indent: "")
  }

  private static func print(_ pairs: [(ArraySlice<String>, String)], indent: String) -> String {
    var text = ""
    var done: Set<String> = []
    for (path, value) in pairs {
      guard let key = path.first, done.insert(key).inserted else { continue }
      if path.count == 1 {
        text += "\(indent)\(key): \(value)\n"
      } else {
        let inner = pairs.filter { $0.0.first == key }.map { ($0.0.dropFirst(), $0.1) }
        text += "\(indent)\(key):\n" + print(inner, indent: indent + "  ")
      }
    }
    return text
  }

  private static func parse(_ text: String) throws -> Configuration {
    try Configuration.parse(text, file: "rollcall.yaml", environment: ["LDAP_PASSWORD": "secret"]) {
      path throws(UnreadableFile) in Array((path.hasSuffix("keytab") ? ConfigurationSample.keytab : "x\n").utf8)
    }
  }

  /// The keys that the configuration itself says it knows in a section, from its message about one that it does not.
  private static func known(in section: String) throws -> [String] {
    do {
      _ = try parse(document(section.isEmpty ? "zzzzzzzz" : "\(section).zzzzzzzz", "x"))
    } catch let error as ConfigurationError {
      let text = "\(error)"
      let list = try #require(text.split(separator: "known here: ").last?.split(separator: "\n").first)
      return list.split(separator: ", ").map(String.init)
    }
    Issue.record("\(section): an unknown key is taken")
    return []
  }

  @Test("the page lists every key, and no other")
  func complete() throws {
    var known: Set<String> = []
    var sections = [""]
    let inner = [
      "source", "directory", "users", "groups", "removals", "journal", "sweep", "reconcile", "directory.bind",
    ]
    while let section = sections.popLast() {
      for key in try Self.known(in: section) {
        let path = section.isEmpty ? key : "\(section).\(key)"
        if inner.contains(path) {
          sections.append(path)
        } else {
          known.insert(path)
        }
      }
    }
    let listed = try Self.keys().map(\.path)
    #expect(Set(listed).count == listed.count, "a key is listed twice")
    #expect(known.subtracting(listed).sorted() == [], "not on the page")
    #expect(Set(listed).subtracting(known).sorted() == [], "on the page, but not known")
  }

  @Test("the page's defaults are those of the program")
  func defaults() throws {
    for key in try Self.keys() {
      let absent = Self.document(key.path, nil)
      if key.isRequired {
        #expect(throws: ConfigurationError.self, "\(key.path) is not required") { try Self.parse(absent) }
      } else if let standard = key.standard {
        let (left, right) = try (Self.parse(absent), Self.parse(Self.document(key.path, standard)))
        #expect(Self.describe(left) == Self.describe(right), "\(key.path): \(standard) is not the default")
      }
    }
  }

  @Test("what the page says to have no default has none")
  func none() throws {
    for key in try Self.keys() where !key.isRequired && key.standard == nil && !key.path.hasPrefix("directory.bind.") {
      if ["source.table", "source.query"].contains(key.path) { continue }
      let value = Self.value(key.path, in: try Self.parse(Self.document(key.path, nil)))
      #expect(value.map { Self.isNothing($0) } == true, "\(key.path) has a default, or no property")
    }
  }

  @Test("the page's examples are taken, and differ from the default")
  func examples() throws {
    for key in try Self.keys() {
      let configuration = try Self.parse(Self.document(key.path, key.example))
      if let standard = key.standard {
        let plain = try Self.parse(Self.document(key.path, standard))
        #expect(Self.describe(configuration) != Self.describe(plain), "\(key.path): the example is the default")
      }
    }
  }

  /// Everything but where it stands in the file. Secrets compare by what they hold.
  private static func describe(_ configuration: Configuration) -> [AnyHashable] {
    [
      AnyHashable(configuration.name), AnyHashable(configuration.source), AnyHashable(configuration.directory),
      AnyHashable(configuration.users), AnyHashable(configuration.groups), AnyHashable(configuration.removals),
      AnyHashable(configuration.journal), AnyHashable(configuration.behindAfter), AnyHashable(configuration.sweep),
      AnyHashable(configuration.reconcile),
    ]
  }

  /// The property that follows a key, or nil where there is none of that name.
  private static func value(_ path: String, in configuration: Configuration) -> Any? {
    var value: Any = configuration
    for part in path.split(separator: ".") {
      let words = part.split(separator: "_")
      let name = words.dropFirst().reduce(String(words[0])) { $0 + $1.capitalized }
      var mirror = Mirror(reflecting: value)
      if mirror.displayStyle == .optional, let inner = mirror.children.first {
        mirror = Mirror(reflecting: inner.value)
      }
      guard let child = mirror.children.first(where: { $0.label == name }) else { return nil }
      value = child.value
    }
    return value
  }

  /// Nil, or a value in which nothing is.
  private static func isNothing(_ value: Any) -> Bool {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional || mirror.displayStyle == .collection { return mirror.children.isEmpty }
    return mirror.displayStyle == .struct && !mirror.children.isEmpty
      && mirror.children.allSatisfy { isNothing($0.value) }
  }
}
