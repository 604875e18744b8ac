package import LDAPModel
internal import YAML

extension Configuration {
  /// `users`: how a row becomes an entry, and what happens to the entry when the row is deleted.
  ///
  /// Expressions are SQL over the row. NULL and the empty string mean no value, an array several values, a bytea
  /// octets, a boolean TRUE or FALSE, a timestamptz generalizedTime in UTC; any other type gives its text. An
  /// expression that begins with a quote must be enclosed in YAML's other quotes: `cn: "'Dr. ' || full_name"`.
  package struct Users: Hashable, Sendable {
    /// `base`: the DN below which the entries are; required.
    package var base: DistinguishedName

    /// `naming` (default `uid`): the attribute of the RDN; it has its expression in `attributes`.
    package var naming: String

    /// `link` (default `employeeNumber`): the attribute that carries the row's key; it should be indexed and used by
    /// nothing else.
    package var link: String

    /// `classes` (default `[inetOrgPerson]`): the entry's object classes, without those that have a condition.
    package var classes: [String]

    /// `classes`, `{ posixAccount: "unix_id IS NOT NULL" }`: auxiliary classes that the entry has while the condition
    /// is true.
    package var conditionalClasses: [ConditionalClass]

    /// `attributes`: the SQL expression for each LDAP attribute, in the file's order; required.
    package var attributes: [AttributeExpression]

    /// `references` (default none): for attributes whose values are the DNs of other people, the SQL expression that
    /// gives their keys, one or an array.
    package var references: [AttributeExpression] = []

    /// `filter` (default none): an LDAP filter that every managed entry must match.
    package var filter: Filter?

    /// `adopt` (default false): take over an entry without a link that has the wanted DN.
    package var adopt: Bool

    /// `adopt: { by: uid, below: DN }` (default none): take over an entry without a link by the value of an attribute.
    package var adoption: Adoption?

    /// `protect` (default none): entries that are never touched, as DNs or as one LDAP filter. The account that
    /// Rollcall binds with, the bases and their parents are always protected.
    package var protect: Protect

    /// `create_only` (default none): like `attributes`, but set only when the entry is created.
    package var createOnly: [AttributeExpression]

    /// `password` (default none): the SQL expression of the password, set when the entry is created, or
    /// `{ sql: expression, follow: true }`.
    ///
    /// Hashed values are sent unchanged; Active Directory's encoding is applied automatically.
    package var password: String?

    /// `password.follow` (default false): writes the password again whenever the expression gives another one.
    package var followsPassword = false

    /// `container` (default none): the containers of the entry below the base, nearest first, `[{ ou: department }]`;
    /// missing ones are created.
    package var container: [AttributeExpression]

    /// `inactive` (default `disable`): what happens to someone in scope who is not `active`.
    package var inactive: Inactive

    /// `removed` (default `delete`): what happens when the row is deleted or leaves the scope.
    package var removed: Removed

    /// `disable` (default none: the server's own way): the values of a disabled entry, `{ loginShell: /bin/false }`.
    package var disable: [AttributeValues]

    /// `leavers` (default none: their place): where disabled entries are, `ou=former`, relative to the base; made when
    /// missing. This property has the whole DN.
    package var leavers: DistinguishedName?

    /// `delete_after` (default none: never): how long after its row is gone a disabled entry is deleted.
    package var deleteAfter: Duration?
  }

  /// `protect`: the entries that are never touched.
  package struct Protect: Hashable, Sendable {
    package var names: [DistinguishedName] = []
    package var filter: Filter?
  }

  /// An attribute and the source of its values.
  package struct AttributeExpression: Hashable, Sendable {
    /// In the file's spelling; LDAP compares it without regard to case.
    package var attribute: String
    /// SQL.
    package var expression: String
  }

  /// `adopt: { by: uid, below: DN }`: how somebody's own entry is found among those without a link.
  package struct Adoption: Hashable, Sendable {
    static let keys = ["by", "below"]

    /// A mapped attribute, in the spelling of `attributes`.
    package var by: String
    /// Where the entries are; nil: below the base.
    package var below: DistinguishedName?
  }

  /// An auxiliary class and the SQL condition under which an entry has it.
  package struct ConditionalClass: Hashable, Sendable {
    package var name: String
    package var condition: String
  }

  /// An attribute and its fixed values.
  package struct AttributeValues: Hashable, Sendable {
    package var attribute: String
    /// At least one.
    package var values: [String]
  }

  /// `inactive`: what happens to someone who is not active.
  package enum Inactive: String, CaseIterable, Hashable, Sendable {
    case disable
    case delete
    /// Neither created nor changed.
    case keep
  }

  /// `removed`: what happens when a row is deleted.
  package enum Removed: String, CaseIterable, Hashable, Sendable {
    case delete
    /// It is also removed from its groups.
    case disable
    /// Untouched.
    case keep
  }
}

extension Configuration.Users {
  static let keys = [
    "base", "naming", "link", "classes", "attributes", "filter", "adopt", "protect", "create_only", "password",
    "container", "inactive", "removed", "disable", "leavers", "delete_after", "references",
  ]

  /// nil, with the problems recorded, if something is wrong.
  init?(_ section: ConfigurationSection) {
    let base = section.required("base").flatMap { section.distinguishedName($0) }
    let naming = section.attributeType("naming", default: "uid")
    let link = section.attributeType("link", default: "employeeNumber")
    let classes = section.classesWithConditions(default: ["inetOrgPerson"])
    let attributes = section.has("attributes") ? section.expressions("attributes") : nil
    if !section.has("attributes") { section.missing("attributes") }
    let filter = section.text("filter").flatMap { section.filter($0) }
    let adopt = section.adoption(by: attributes ?? [])
    let protect = section.protect()
    let createOnly = section.expressions("create_only") ?? []
    let password = section.password()
    let container = section.container()
    let inactive = section.choice("inactive", default: Configuration.Inactive.disable)
    let removed = section.choice("removed", default: Configuration.Removed.delete)
    let disable = section.fixedValues("disable")
    let leavers = section.leavers(below: base)
    let deleteAfter = section.has("delete_after") ? section.duration("delete_after", default: .zero) : nil
    section.checkLeavers(inactive, removed)
    let references = section.expressions("references") ?? []
    if let attributes, let naming, let link {
      section.checkNames(
        naming: naming, link: link, attributes: attributes, createOnly: createOnly,
        disable: disable.map(\.attribute), references: references.map(\.attribute))
    }
    guard let base, let naming, let link, let attributes else { return nil }
    self.init(
      base: base, naming: naming.value, link: link.value, classes: classes.plain,
      conditionalClasses: classes.conditional, attributes: attributes, references: references,
      filter: filter, adopt: adopt.atName, adoption: adopt.rule, protect: protect, createOnly: createOnly,
      password: password.sql, followsPassword: password.follows, container: container, inactive: inactive,
      removed: removed, disable: disable, leavers: leavers, deleteAfter: deleteAfter)
  }
}

extension ConfigurationSection {
  /// A list of DNs, one DN, or a filter in parentheses.
  fileprivate func protect() -> Configuration.Protect {
    if isList("protect") {
      let texts = (list("protect") ?? []).compactMap { reader.text($0.node, path: $0.path) }
      return Configuration.Protect(names: texts.compactMap { distinguishedName($0) })
    }
    guard let text = text("protect") else { return Configuration.Protect() }
    if text.value.hasPrefix("(") { return Configuration.Protect(filter: filter(text)) }
    return Configuration.Protect(names: distinguishedName(text).map { [$0] } ?? [])
  }

  /// The expression alone, or `{ sql: expression, follow: true }`.
  fileprivate func password() -> (sql: String?, follows: Bool) {
    guard isMapping("password") else { return (text("password")?.value, false) }
    let section = self.section("password", keys: ["sql", "follow"], isSecret: true)
    return (section?.required("sql")?.value, section?.bool("follow", default: false) ?? false)
  }

  /// `[{ ou: department }, { ou: country }]`: one attribute per list element.
  fileprivate func container() -> [Configuration.AttributeExpression] {
    (list("container") ?? []).compactMap { path, node in
      guard case .mapping(let pairs) = node.content, let pair = pairs.first, pairs.count == 1 else {
        reader.problem(
          node.mark, "\(path): expected one attribute with its expression, as { ou: department }")
        return nil
      }
      reader.note("\(path).\(pair.key)", key: pair.mark, value: pair.value)
      return expression(pair, under: path)
    }
  }

  /// One expression per attribute; nil if the key has no mapping.
  func expressions(_ key: String) -> [Configuration.AttributeExpression]? {
    guard let pairs = pairs(key) else { return nil }
    noteRepetitions(pairs, under: pathOf(key))
    return pairs.compactMap { expression($0, under: pathOf(key)) }
  }

  private func expression(
    _ pair: YAMLNode.Pair, under path: String
  ) -> Configuration.AttributeExpression? {
    let path = "\(path).\(pair.key)"
    guard checkDescription(pair.key, at: pair.mark, path: path),
      let text = reader.text(pair.value, path: path)
    else { return nil }
    guard !text.value.allSatisfy(\.isWhitespace) else {
      reader.problem(text.mark, "\(path): is empty")
      return nil
    }
    return .init(attribute: pair.key, expression: text.value)
  }

  /// One value or a list of values per attribute; empty if the key has no mapping.
  func fixedValues(_ key: String) -> [Configuration.AttributeValues] {
    guard let pairs = pairs(key) else { return [] }
    noteRepetitions(pairs, under: pathOf(key))
    return pairs.compactMap { pair in
      let path = "\(pathOf(key)).\(pair.key)"
      guard checkDescription(pair.key, at: pair.mark, path: path) else { return nil }
      var nodes = [(path, pair.value)]
      if case .list(let list) = pair.value.content {
        nodes = list.enumerated().map { ("\(path)[\($0)]", $1) }
      }
      let values = nodes.compactMap { path, node -> String? in
        guard let text = reader.text(node, path: path) else { return nil }
        guard !text.value.isEmpty else {
          reader.problem(text.mark, "\(path): is empty")
          return nil
        }
        return text.value
      }
      if nodes.isEmpty { reader.problem(pair.mark, "\(path): is empty") }
      return .init(attribute: pair.key, values: values)
    }
  }
}
