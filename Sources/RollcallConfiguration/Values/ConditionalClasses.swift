internal import YAML

extension ConfigurationSection {
  /// `[inetOrgPerson, { posixAccount: "unix_id IS NOT NULL" }]`: the classes that every entry has, and those that have
  /// a condition.
  ///
  /// The position of a condition is noted as `users.classes.posixAccount` too.
  func classesWithConditions(
    default standard: [String]
  ) -> (plain: [String], conditional: [Configuration.ConditionalClass]) {
    guard has("classes"), let list = list("classes") else { return (standard, []) }
    var plain: [String] = []
    var conditional: [Configuration.ConditionalClass] = []
    for (path, node) in list {
      guard case .mapping(let pairs) = node.content else {
        guard let text = reader.text(node, path: path) else { continue }
        noteClass(text.value, shown: text.shown, plain + conditional.map(\.name), at: text.mark, path: path)
        plain.append(text.value)
        continue
      }
      guard let pair = pairs.first, pairs.count == 1 else {
        reader.problem(
          node.mark, "\(path): expected one class with its condition, as { posixAccount: \"unix_id IS NOT NULL\" }")
        continue
      }
      reader.note("\(pathOf("classes")).\(pair.key)", key: pair.mark, value: pair.value)
      noteClass(pair.key, shown: pair.key, plain + conditional.map(\.name), at: pair.mark, path: path)
      guard let text = reader.text(pair.value, path: "\(path).\(pair.key)") else { continue }
      if text.value.allSatisfy(\.isWhitespace) { reader.problem(text.mark, "\(path).\(pair.key): is empty") }
      conditional.append(Configuration.ConditionalClass(name: pair.key, condition: text.value))
    }
    if list.isEmpty {
      reader.problem(position(of: "classes"), "\(pathOf("classes")): is empty")
    } else if plain.isEmpty, !conditional.isEmpty {
      reader.problem(
        position(of: "classes"),
        "\(pathOf("classes")): all have conditions; every entry needs a class without one, as inetOrgPerson")
    }
    return (plain, conditional)
  }

  /// Reports what is not the name of a class, and a class that is there already.
  func noteClass(
    _ name: String, shown: String, _ others: [String], at mark: Configuration.Mark, path: String
  ) {
    if !AttributeDescription.isType(name) {
      reader.problem(mark, "\(path): \"\(shown)\" is not the name of an object class")
    } else if others.contains(where: { $0.lowercased() == name.lowercased() }) {
      reader.problem(mark, "\(path): \"\(shown)\" is listed twice")
    }
  }
}
