internal import DequeModule
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// A window of the log that names a key and has not been read completely.
struct UnreadWindow: Sendable {
  /// Decides on its removals.
  var removalBatch: RemovalBatch
  /// Whether none of its changes takes the key's access away by itself.
  var isPlain: Bool
}

/// Reads sections of the log that are too long for one read, one after the other, page by page.
@Reactor
final class WindowReader {
  private struct Window {
    var after: String
    var upTo: String
    /// Held open until the window's removals are decided.
    var epoch: Epoch
    var removalBatch: RemovalBatch
  }

  private let session: Database
  private let sources: ChangeSources
  private let dispatcher: Dispatcher
  private let events: Events
  private var waiting = Deque<Window>()
  private var current: Window?
  private var cursor: ChangeWindow?
  private var reading: Task<Void, Never>?
  private var hasStopped = false
  /// What is known of the windows, by their beginnings.
  private var marks: [String: StretchMarks] = [:]
  /// Called when all keys have to be looked at; the epoch waits until that is done.
  var onEveryone: (@Reactor (Epoch) -> Void)?

  init(_ session: Database, _ sources: ChangeSources, _ dispatcher: Dispatcher, _ events: Events) {
    self.session = session
    self.sources = sources
    self.dispatcher = dispatcher
    self.events = events
  }

  /// Reads the log between two snapshots.
  ///
  /// - Parameters:
  ///   - epoch: the epoch that must not settle before its removals are decided.
  ///   - removalBatch: the batch that it fills together with others; nil: one of its own.
  func read(after: String, upTo: String, _ epoch: Epoch, _ removalBatch: RemovalBatch? = nil) {
    dispatcher.queue.epochs.enter(epoch)
    let removalBatch = removalBatch ?? dispatcher.removalGuard.begin(isOfTheLog: true)
    waiting.append(Window(after: after, upTo: upTo, epoch: epoch, removalBatch: removalBatch))
    readNext()
  }

  /// The same for a window that follows the last one.
  func append(after: String, upTo: String, _ removalBatch: RemovalBatch?) {
    // Windows that wait are extended instead of queued up; the older epoch keeps the younger ones open.
    if extends(after) {
      waiting[waiting.count - 1].upTo = upTo
    } else {
      read(after: after, upTo: upTo, dispatcher.queue.epochs.current, removalBatch)
    }
  }

  /// Whether a window that begins there becomes a part of one that waits.
  func extends(_ after: String) -> Bool { waiting.last?.upTo == after }

  /// Ends the reader: its successor reads from the stored watermark what this one has not read.
  func stop() {
    hasStopped = true
    reading?.cancel()
    for window in waiting { giveUp(window) }
    waiting = []
  }

  /// Those of these keys that are in windows not yet read completely.
  ///
  /// - Parameters:
  ///   - log: on another session than the windows': a leaver does not wait until one has been sorted.
  ///   - leavers: those of them who leave by a change of their own: only windows that decide on them are named.
  func unread(
    _ keys: [RosterKey], _ log: ChangeLog, leavers: Set<RosterKey> = []
  ) async throws(EngineError) -> [RosterKey: UnreadWindow] {
    var found: [RosterKey: UnreadWindow] = [:]
    for window in ([current].compactMap { $0 } + waiting) {
      var asked = keys
      if !leavers.isEmpty, try await !decidesOnLeavers(window, log) { asked.removeAll(where: leavers.contains) }
      if asked.isEmpty { continue }
      for (key, isPlain) in try await log.naming(asked, after: window.after, upTo: window.upTo)
      where found[key]?.isPlain != false {
        found[key] = UnreadWindow(removalBatch: window.removalBatch, isPlain: isPlain)
      }
    }
    return found
  }

  private func decidesOnLeavers(_ window: Window, _ log: ChangeLog) async throws(EngineError) -> Bool {
    let known = marks[window.after] ?? StretchMarks(upTo: window.after)
    if known.upTo == window.upTo { return known.decidesOnLeavers }
    let found = try await log.marks(known, upTo: window.upTo)
    if current?.after == window.after || waiting.contains(where: { $0.after == window.after }) {
      marks[window.after] = found
    }
    return found.decidesOnLeavers
  }

  /// Whether every window has been read to its end.
  var isIdle: Bool { current == nil && waiting.isEmpty }

  /// The number of keys of the current window that have not been returned, and the snapshot beyond which nothing was
  /// counted; nil: all windows are known.
  var rest: (count: Int, countedTo: String?) {
    guard let current else { return (0, waiting.first?.after) }
    guard let remaining = cursor?.remaining else { return (0, current.after) }
    return (remaining, waiting.first?.after)
  }

  private func giveUp(_ window: Window) {
    dispatcher.removalGuard.abandon(window.removalBatch)
    dispatcher.queue.epochs.leave(window.epoch)
  }

  private func readNext() {
    guard reading == nil, !hasStopped, let window = waiting.popFirst() else { return }
    current = window
    reading = Reactor.task {
      let isRead = await self.read(window)
      self.current = nil
      self.marks[window.after] = nil
      if isRead { self.dispatcher.close(window.removalBatch, epoch: window.epoch) } else { self.giveUp(window) }
      self.reading = nil
      self.readNext()
    }
  }

  /// Reads a window to its end, however often the connection is lost meanwhile; false if it was stopped.
  private func read(_ window: Window) async -> Bool {
    var attempt = 0
    var everyone = false
    let cursor = ChangeWindow(
      session, sources, after: window.after, upTo: window.upTo, hasCommitTimes: dispatcher.counting.hasCommitTimes)
    self.cursor = cursor
    defer { self.cursor = nil }
    while await dispatcher.room(), !hasStopped {
      do throws(EngineError) {
        let page = try await cursor.next()
        if hasStopped { return false }
        if page.isEmpty {
          guard everyone else { return true }
          dispatcher.queue.epochs.enter(window.epoch)
          onEveryone?(window.epoch)
          return true
        }
        for logged in page {
          guard let key = logged.key else {
            everyone = true
            continue
          }
          dispatcher.add(
            key, .sweep, epoch: window.epoch, removalBatch: window.removalBatch, isPlain: logged.isPlain,
            origin: logged.origin)
        }
        dispatcher.counting.counters.changes[.sweep]? += page.count
        dispatcher.pump()
        attempt = 0
      } catch {
        attempt += 1
        if hasStopped { return false }
        events.emit(.failed(.readingTheLog, "\(error)"))
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(10))
        try? await Reactor.sleep(for: backoff.delay(attempt: attempt, random: Double.random(in: 0..<1)))
      }
    }
    return false
  }
}
