internal import Glibc

/// The two functions of the C library's mathematics that a logarithmic axis needs.
enum Logarithm {
  static func ten(_ number: Double) -> Double { log10(number) }
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}
