/// How long something takes or took, in seconds.
enum Span {
  /// With two or three digits that count: `0.4 ms`, `12 ms`, `1.24 s`, `42 s`, `2.1 min`, `3.5 h`.
  static func precise(_ seconds: Double) -> String {
    switch seconds {
    case ..<0.000_05: "0\u{A0}ms"
    case ..<0.009_95: "\(decimal(seconds * 1000, 1))\u{A0}ms"
    case ..<0.9995: "\(decimal(seconds * 1000, 0))\u{A0}ms"
    case ..<9.995: "\(decimal(seconds, 2))\u{A0}s"
    case ..<59.5: "\(decimal(seconds, 0))\u{A0}s"
    case ..<3570: "\(decimal(seconds / 60, 1))\u{A0}min"
    case ..<86_400: "\(decimal(seconds / 3600, 1))\u{A0}h"
    default: days(seconds)
    }
  }

  /// In the largest unit of which there is one: `12 s`, `3 min`, `5 h`, `12 days`.
  static func rough(_ seconds: Double) -> String {
    switch seconds {
    case ..<59.5: "\(decimal(max(0, seconds), 0))\u{A0}s"
    case ..<3570: "\(decimal(seconds / 60, 0))\u{A0}min"
    case ..<84_600: "\(decimal(seconds / 3600, 0))\u{A0}h"
    default: days(seconds)
    }
  }

  private static func days(_ seconds: Double) -> String {
    let days = seconds / 86_400
    if days < 1e9 { return counted(max(1, Int(days.rounded())), "day") }
    return "?"
  }
}

extension Moment {
  /// `now`, `3 min ago`, `in 12 days`.
  func told(_ now: Moment) -> String {
    let age = now.seconds - seconds
    if abs(age) < 1.5 { return "just now" }
    return age > 0 ? "\(Span.rough(age)) ago" : "in \(Span.rough(-age))"
  }

  /// The same, with the exact time for those who point at it and for machines.
  func markup(_ now: Moment) -> Markup { "<time datetime=\"\(rfc3339)\" title=\"\(exact)\">\(told(now))</time>" }
}
