internal import CYAML

/// The events of a text, from libyaml's parser (`yaml.h`, `yaml_parser_parse`).
@safe struct YAMLEvents: ~Copyable {
  struct Event {
    enum Content {
      case document
      case scalar(String, plain: Bool)
      case list
      case mapping
      /// The end of a list or a mapping.
      case close
      case alias(String)
      /// The end of the text.
      case end
    }

    var mark: YAMLMark
    var content: Content
    var anchor: String?
    var tag: String?
  }

  private let text: String
  /// libyaml reads from this buffer while it parses.
  private let octets: UnsafeMutableBufferPointer<UInt8>
  private let parser: UnsafeMutablePointer<yaml_parser_t>

  init(_ text: String) {
    self.text = text
    unsafe octets = .allocate(capacity: text.utf8.count)
    _ = unsafe octets.initialize(from: text.utf8)
    unsafe parser = .allocate(capacity: 1)
    unsafe parser.initialize(to: yaml_parser_t())
    unsafe yaml_parser_initialize(parser)
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, octets.baseAddress, octets.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe octets.deallocate()
  }

  /// The next event; nodes and ends only. Do not call it after `end`.
  mutating func next() throws(YAMLNode.Flaw) -> Event {
    while true {
      var event = unsafe yaml_event_t()
      guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
      defer { unsafe yaml_event_delete(&event) }
      if let event = unsafe Event(event) { return event }
    }
  }

  /// An error reported by libyaml: the reason, the position, and the context.
  private func failure() -> YAMLNode.Flaw {
    let state = unsafe parser.pointee
    if unsafe state.error == YAML_READER_ERROR {
      return .init(
        mark: firstControlCharacter(), message: "invalid YAML: a control character, which YAML does not allow")
    }
    guard let problem = unsafe state.problem, unsafe state.error != YAML_MEMORY_ERROR else {
      return .init(mark: .start, message: "invalid YAML")
    }
    let context = unsafe state.context.map { unsafe (String(cString: $0), YAMLMark(state.context_mark)) }
    return flaw(at: unsafe YAMLMark(state.problem_mark), context: context, problem: unsafe String(cString: problem))
  }
}

extension YAMLEvents {
  /// The problem in libyaml's words, with advice for those who write SQL or passwords in YAML.
  func flaw(at mark: YAMLMark, context: (text: String, mark: YAMLMark)?, problem: String) -> YAMLNode.Flaw {
    if problem.hasPrefix("Maximum nesting level") { return .init(mark: mark, message: "nested too deeply") }
    var mark = mark
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    if mark.line > lines.count {
      // The end of a text without a final newline.
      mark = .init(line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1)
    }
    let character = lines[mark.line - 1].unicodeScalars.dropFirst(mark.column - 1).first
    let place = context.map { "\($0.text) (line \($0.mark.line)), " } ?? ""
    let hint = Self.hint(for: problem, at: character).map { "; \($0)" } ?? ""
    return .init(mark: mark, message: "invalid YAML: \(place)\(problem)\(hint)")
  }

  private static func hint(for problem: String, at character: Unicode.Scalar?) -> String? {
    if character == "\t" { return "indent with spaces, not with tabs" }
    switch problem {
    case "did not find expected key", "did not find expected comment or line break":
      return "if a value begins with a quote, put the whole of it in the other kind of quotes"
    case "mapping values are not allowed in this context":
      return "put a value that holds \": \" in quotes"
    case "found character that cannot start any token", "found undefined alias",
      "did not find expected alphabetic or numeric character":
      return "put the value in quotes"
    default: return nil
    }
  }

  /// Whether the key at this position is followed by a colon.
  func isFollowedByColon(_ key: String, at mark: YAMLMark) -> Bool {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard lines.indices.contains(mark.line - 1) else { return false }
    let rest = Substring(lines[mark.line - 1].unicodeScalars.dropFirst(mark.column - 1))
    return ["\(key):", "\"\(key)\":", "'\(key)':"].contains { rest.hasPrefix($0) }
  }

  /// The first character outside YAML's character set (YAML 1.2, 5.1).
  private func firstControlCharacter() -> YAMLMark {
    var mark = YAMLMark.start
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": mark = .init(line: mark.line + 1, column: 1)
      case "\t", "\r", " "..."~", "\u{85}", "\u{A0}"..."\u{FEFE}", "\u{FF00}"..."\u{FFFD}", "\u{10000}"...:
        mark.column += 1
      default: return mark
      }
    }
    return .start
  }
}

extension YAMLEvents.Event {
  /// nil for the start of the stream and the end of a document.
  fileprivate init?(_ event: yaml_event_t) {
    mark = unsafe YAMLMark(event.start_mark)
    switch unsafe event.type {
    case YAML_DOCUMENT_START_EVENT: content = .document
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let octets = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      let text = unsafe String(decoding: octets, as: UTF8.self)
      content = .scalar(text, plain: unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE)
      anchor = unsafe Self.text(scalar.anchor)
      tag = unsafe Self.text(scalar.tag)
    case YAML_SEQUENCE_START_EVENT:
      content = .list
      anchor = unsafe Self.text(event.data.sequence_start.anchor)
      tag = unsafe Self.text(event.data.sequence_start.tag)
    case YAML_MAPPING_START_EVENT:
      content = .mapping
      anchor = unsafe Self.text(event.data.mapping_start.anchor)
      tag = unsafe Self.text(event.data.mapping_start.tag)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: content = .close
    case YAML_ALIAS_EVENT: content = .alias(unsafe Self.text(event.data.alias.anchor) ?? "")
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: content = .end
    default: return nil
    }
  }

  private static func text(_ value: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    unsafe value.map { unsafe String(cString: $0) }
  }
}

extension YAMLMark {
  /// libyaml counts from 0.
  fileprivate init(_ mark: yaml_mark_t) {
    self.init(line: mark.line + 1, column: mark.column + 1)
  }
}
