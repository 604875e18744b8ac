internal import LDAPModel
internal import YAML

extension ConfigurationSection {
  /// `true`, `false` or `{ by: uid, below: DN }`.
  ///
  /// - Parameter attributes: the mapped ones; people are found by one of them.
  func adoption(
    by attributes: [Configuration.AttributeExpression]
  ) -> (atName: Bool, rule: Configuration.Adoption?) {
    guard let node = value(of: "adopt"), case .mapping = node.content else {
      guard let text = text("adopt", mayBeEmpty: true) else { return (false, nil) }
      if !["true", "false"].contains(text.value) {
        reader.problem(text.mark, "\(text.path): expected true, false or { by: ATTRIBUTE }, found \"\(text.shown)\"")
      }
      return (text.value == "true", nil)
    }
    guard let section = section("adopt", keys: Configuration.Adoption.keys),
      let by = section.required("by")
    else { return (false, nil) }
    let below = section.text("below").flatMap { section.distinguishedName($0) }
    guard let mapped = attributes.first(where: { $0.attribute.lowercased() == by.value.lowercased() }) else {
      let known = attributes.map(\.attribute).joined(separator: ", ")
      reader.problem(
        by.mark,
        "\(by.path): \"\(by.shown)\" is not in \(pathOf("attributes")); map it there, or choose one of \(known)")
      return (false, nil)
    }
    return (false, Configuration.Adoption(by: mapped.attribute, below: below))
  }
}
