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
      return (bool("adopt", default: false), nil)
    }
    guard let section = section("adopt", keys: Configuration.Adoption.keys),
      let by = section.required("by")
    else { return (false, nil) }
    let below = section.text("below").flatMap { section.distinguishedName($0) }
    guard let mapped = attributes.first(where: { $0.attribute.lowercased() == by.value.lowercased() }) else {
      reader.problem(by.mark, "\(by.path): \"\(by.shown)\" is not in \(pathOf("attributes"))")
      return (false, nil)
    }
    return (false, Configuration.Adoption(by: mapped.attribute, below: below))
  }
}
