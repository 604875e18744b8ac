internal import YAML

/// A mapping of the file while it is read: its allowed keys, and typed access to their values.
///
/// Reading never stops at a problem; the problem is recorded and the value is nil or the default, so that one run
/// finds all.
struct ConfigurationSection {
  typealias Mark = Configuration.Mark

  let reader: ConfigurationReader
  /// `source.watch[0]`; empty at the root.
  let path: String
  /// The position of the section's own key.
  let mark: Mark
  private let values: [String: YAMLNode]

  /// Reports unknown keys.
  ///
  /// A key that resembles no known one may be a part of a secret that YAML parsed as a key: with `{ password: a,b }`
  /// it is `b`. So it is not shown if no value follows it, and never in a section that `isSecret`.
  init(
    _ pairs: [YAMLNode.Pair], keys: [String], path: String, mark: Mark, reader: ConfigurationReader,
    isSecret: Bool = false
  ) {
    self.reader = reader
    self.path = path
    self.mark = mark
    var values: [String: YAMLNode] = [:]
    for pair in pairs {
      guard keys.contains(pair.key) else {
        let place = path.isEmpty ? "" : " under \(path)"
        let nearest = NearestName.of(pair.key, among: keys)
        let mayShow = nearest != nil || !isSecret && !pair.value.isNull
        let name = mayShow ? " \"\(pair.key)\"" : ""
        let hint = nearest.map { "did you mean \"\($0)\"?" } ?? "known here: \(keys.joined(separator: ", "))"
        reader.problem(pair.mark, "unknown key\(name)\(place); \(hint)")
        continue
      }
      values[pair.key] = pair.value
      reader.note(path.isEmpty ? pair.key : "\(path).\(pair.key)", key: pair.mark, value: pair.value)
    }
    self.values = values
  }

  func pathOf(_ key: String) -> String {
    path.isEmpty ? key : "\(path).\(key)"
  }

  /// Whether the key has a value, valid or not.
  func has(_ key: String) -> Bool {
    given(key) != nil
  }

  /// The position of a key's value, or else that of its section.
  func position(of key: String) -> Mark {
    reader.positions[pathOf(key)] ?? mark
  }

  func missing(_ key: String) {
    let place = path.isEmpty ? "" : " under \(path)"
    reader.problem(mark, "missing key \"\(key)\"\(place)")
  }

  private func given(_ key: String) -> YAMLNode? {
    guard let node = values[key], !node.isNull else { return nil }
    return node
  }

  /// Optional text; nil if it is absent, null or invalid.
  func text(_ key: String, mayBeEmpty: Bool = false) -> ConfiguredText? {
    guard let node = given(key), let text = reader.text(node, path: pathOf(key)) else { return nil }
    guard mayBeEmpty || !text.value.allSatisfy(\.isWhitespace) else {
      reader.problem(text.mark, "\(text.path): is empty")
      return nil
    }
    return text
  }

  func required(_ key: String) -> ConfiguredText? {
    guard has(key) else {
      missing(key)
      return nil
    }
    return text(key)
  }

  func bool(_ key: String, default standard: Bool) -> Bool {
    guard let text = text(key, mayBeEmpty: true) else { return standard }
    switch text.value {
    case "true": return true
    case "false": return false
    default:
      reader.problem(text.mark, "\(text.path): expected true or false, found \"\(text.shown)\"")
      return standard
    }
  }

  /// A duration, at least 10 ms.
  func duration(_ key: String, default standard: Duration) -> Duration {
    guard let text = text(key, mayBeEmpty: true) else { return standard }
    guard let duration = DurationText.parse(text.value) else {
      reader.problem(
        text.mark,
        "\(text.path): \"\(text.shown)\" is not a duration; examples: 500ms, 10s, 2m, 24h, 7d")
      return standard
    }
    guard duration >= .milliseconds(10) else {
      reader.problem(text.mark, "\(text.path): must be at least 10ms")
      return standard
    }
    return duration
  }

  /// A number of octets, at least 64kB.
  func size(_ key: String, default standard: Int) -> Int {
    guard let text = text(key, mayBeEmpty: true) else { return standard }
    guard let size = SizeText.parse(text.value), size >= 64 << 10 else {
      reader.problem(
        text.mark, "\(text.path): \"\(text.shown)\" is not a size of 64kB or more; examples: 500kB, 64MB, 1GB")
      return standard
    }
    return size
  }

  func percent(_ key: String, default standard: Percent) -> Percent {
    guard let text = text(key, mayBeEmpty: true) else { return standard }
    guard let percent = Percent(parsing: text.value) else {
      reader.problem(
        text.mark, "\(text.path): \"\(text.shown)\" is not a share from 0% to 100%; examples: 10%, 2.5%")
      return standard
    }
    return percent
  }

  func count(_ key: String, default standard: Int) -> Int {
    guard let text = text(key, mayBeEmpty: true) else { return standard }
    guard text.value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text.value) else {
      reader.problem(text.mark, "\(text.path): \"\(text.shown)\" is not a whole number, 0 or more")
      return standard
    }
    return count
  }

  /// One of the raw values of an enumeration.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, default standard: Choice
  ) -> Choice {
    guard let text = text(key, mayBeEmpty: true) else { return standard }
    guard let choice = Choice(rawValue: text.value) else {
      var names = Choice.allCases.map(\.rawValue)
      let last = names.removeLast()
      let choices = names.isEmpty ? last : "\(names.joined(separator: ", ")) or \(last)"
      reader.problem(text.mark, "\(text.path): expected \(choices), found \"\(text.shown)\"")
      return standard
    }
    return choice
  }

  /// A mapping with a fixed set of keys; nil if it is absent, null or invalid.
  func section(_ key: String, keys: [String], isSecret: Bool = false) -> ConfigurationSection? {
    guard let pairs = pairs(key) else { return nil }
    return ConfigurationSection(
      pairs, keys: keys, path: pathOf(key), mark: position(of: key), reader: reader, isSecret: isSecret)
  }

  /// A mapping with arbitrary keys, in the file's order; nil if it is absent, null or invalid.
  func pairs(_ key: String) -> [YAMLNode.Pair]? {
    guard let node = given(key) else { return nil }
    guard case .mapping(let pairs) = node.content else {
      reader.problem(node.mark, "\(pathOf(key)): expected a mapping, found \(node.kind)")
      return nil
    }
    for pair in pairs {
      reader.note("\(pathOf(key)).\(pair.key)", key: pair.mark, value: pair.value)
    }
    return pairs
  }

  /// A list with the path of each element; nil if it is absent, null or invalid.
  func list(_ key: String) -> [(path: String, node: YAMLNode)]? {
    guard let node = given(key) else { return nil }
    guard case .list(let nodes) = node.content else {
      reader.problem(node.mark, "\(pathOf(key)): expected a list, found \(node.kind)")
      return nil
    }
    return nodes.enumerated().map { index, node in
      let path = "\(pathOf(key))[\(index)]"
      reader.note(path, key: node.mark, value: node)
      return (path, node)
    }
  }

  /// The key's value, of any kind; nil if it is absent or null.
  func value(of key: String) -> YAMLNode? { given(key) }

  /// Whether a key's value is a list, for keys that take one value or several.
  func isList(_ key: String) -> Bool {
    if case .list? = values[key]?.content { true } else { false }
  }

  /// Whether a key's value is a mapping, for keys that take an expression alone as well.
  func isMapping(_ key: String) -> Bool {
    if case .mapping? = values[key]?.content { true } else { false }
  }
}
