/// A shape that says at a glance what the word beside it says.
enum Mark: String {
  /// A tick.
  case ok
  /// A bar.
  case no
  /// The hands of a clock.
  case wait
  /// A cross.
  case error
  /// An exclamation mark.
  case alert

  init(_ level: Standing.Level) {
    switch level {
    case .well: self = .ok
    case .waiting: self = .wait
    case .trouble: self = .alert
    }
  }

  /// Silent for screen readers: the word says it.
  var markup: Markup {
    let shape: Markup =
      switch self {
      case .ok: "<path d=\"M4.5 8.4l2.4 2.4 4.6-5.2\"/>"
      case .no: "<path d=\"M5 8h6\"/>"
      case .wait: "<path d=\"M8 4.5V8l2.4 1.6\"/>"
      case .alert: "<path d=\"M8 4v5M8 11.4v.4\"/>"
      case .error: "<path d=\"M5.5 5.5l5 5M10.5 5.5l-5 5\"/>"
      }
    return """
      <svg class="mark \(rawValue)" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">\
      <circle cx="8" cy="8" r="7"/>\(shape)</svg>
      """
  }
}
