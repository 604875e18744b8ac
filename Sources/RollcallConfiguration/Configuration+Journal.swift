internal import YAML

extension Configuration.Journal {
  static let keys = ["keep", "values", "hide"]

  /// Reads the key `journal`; nil if its value is `off`.
  static func read(_ root: ConfigurationSection) -> Configuration.Journal? {
    if root.isOff("journal") { return nil }
    let section = root.section("journal", keys: keys)
    let keep = section?.duration("keep", default: standard) ?? standard
    return Configuration.Journal(
      keep: keep, values: section?.bool("values", default: true) ?? true, hide: section?.attributeNames("hide") ?? [])
  }

  private static let standard: Duration = .seconds(90 * 86_400)
}

extension ConfigurationSection {
  /// Whether the key's value is the word `off`.
  fileprivate func isOff(_ key: String) -> Bool {
    if case .text("off")? = value(of: key)?.content { true } else { false }
  }

  /// A list of attribute descriptions; invalid ones are recorded as problems and left out.
  fileprivate func attributeNames(_ key: String) -> [String] {
    (list(key) ?? []).compactMap { path, node in
      guard let text = reader.text(node, path: path), checkDescription(text.value, at: text.mark, path: path) else {
        return nil
      }
      return text.value
    }
  }
}
