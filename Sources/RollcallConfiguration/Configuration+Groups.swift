package import LDAPModel
package import RollcallCore
internal import YAML

extension Configuration {
  /// `groups`: groups whose members follow from the rows. Without it Rollcall changes no groups.
  package struct Groups: Hashable, Sendable {
    /// `base`: the DN below which the groups are; required.
    package var base: DistinguishedName

    /// `membership`: the SQL expression over a person's row that returns the names of the groups, text[]; required.
    package var membership: String

    /// `naming` (default `cn`): the attribute of a group's RDN.
    package var naming: String

    /// `classes` (default `[groupOfNames]`): the object classes of a group that Rollcall creates.
    package var classes: [String]

    /// `member` (default `member`): the attribute of the members; it holds DNs, `memberUid` holds the naming values.
    package var member: String

    /// `attributes` (default none): further attributes of a group that Rollcall creates, SQL over its name.
    package var attributes: [AttributeExpression]

    /// `create` (default true): create a group that a row names and the directory lacks.
    package var create: Bool

    /// `empty` (default `delete`): what happens when the last member leaves.
    package var empty: Empty

    /// `adopt` (default false): take over groups that Rollcall did not create as soon as a row names them, all of
    /// them (`true`) or those listed. Others are held until somebody releases them.
    package var adopt: GroupAdoption

    /// `placeholder` (default none): a DN that stays as member if the class requires one.
    package var placeholder: DistinguishedName?

    /// `references` (default none): for attributes that have the DNs of people, the SQL expression over the group's name
    /// that gives their keys, one or an array.
    package var references: [AttributeExpression] = []
  }

  /// `empty`: what happens to a group when the last member leaves.
  package enum Empty: String, CaseIterable, Hashable, Sendable {
    /// Only if Rollcall created it.
    case delete
    case keep
  }
}

extension Configuration.Groups {
  static let keys = [
    "base", "membership", "naming", "classes", "member", "attributes", "create", "empty", "adopt", "placeholder",
    "references",
  ]

  /// nil, with the problems recorded, if something is wrong.
  init?(_ section: ConfigurationSection) {
    let base = section.required("base").flatMap { section.distinguishedName($0) }
    let membership = section.required("membership")
    let naming = section.attributeType("naming", default: "cn")
    let classes = section.classes(default: ["groupOfNames"])
    let member = section.attributeType("member", default: "member")
    let attributes = section.expressions("attributes") ?? []
    let references = section.expressions("references") ?? []
    let create = section.bool("create", default: true)
    let empty = section.choice("empty", default: Configuration.Empty.delete)
    let adopt = section.adoption()
    let placeholder = section.text("placeholder").flatMap { section.distinguishedName($0) }
    if let naming, let member {
      section.checkNames(naming: naming.value, member: member.value, attributes: attributes, references: references)
    }
    guard let base, let membership, let naming, let member else { return nil }
    self.init(
      base: base, membership: membership.value, naming: naming.value, classes: classes,
      member: member.value, attributes: attributes, create: create, empty: empty, adopt: adopt,
      placeholder: placeholder, references: references)
  }
}

extension ConfigurationSection {
  /// `true`, `false` or a list of names.
  fileprivate func adoption() -> GroupAdoption {
    guard isList("adopt") else { return bool("adopt", default: false) ? .all : .none }
    let names = (list("adopt") ?? []).compactMap { reader.text($0.node, path: $0.path)?.value }
    return .named(names)
  }

  /// Attributes that Rollcall itself sets in a group have no expression.
  fileprivate func checkNames(
    naming: String, member: String, attributes: [Configuration.AttributeExpression],
    references: [Configuration.AttributeExpression]
  ) {
    let given = Set(attributes.map { $0.attribute.lowercased() })
    for (key, names) in [("attributes", attributes), ("references", references)] {
      for attribute in names.map(\.attribute) {
        let path = "\(pathOf(key)).\(attribute)"
        let problem: String? =
          switch attribute.lowercased() {
          case naming.lowercased(): "is already the group's name"
          case member.lowercased(): "already carries the members"
          case "objectclass": "is set by \(pathOf("classes"))"
          case let lower where key == "references" && given.contains(lower):
            "is in \(pathOf("attributes")) as well; keep one of them"
          default: nil
          }
        if let problem { reader.problem(reader.keyPositions[path] ?? mark, "\(path): \(problem)") }
      }
    }
  }
}
