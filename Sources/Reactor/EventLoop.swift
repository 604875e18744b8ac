internal import Glibc
internal import Synchronization

/// A thread that runs jobs, watches descriptors with `poll(2)` and fires timers.
///
/// With a daemon's few descriptors, `poll` costs as little as epoll and needs no C shim. Work enqueued from the
/// loop's own thread costs no system call; from another thread it costs one byte written to a pipe, and only while
/// the loop sleeps.
public final class EventLoop: SerialExecutor, TaskExecutor {
  /// Jobs from other threads, and whether the loop has to be woken for them.
  private struct Inbox: ~Copyable {
    var jobs: [UnownedJob] = []
    var sleeping = false
  }

  /// Rounds of jobs before the descriptors are polled again, so that a busy task cannot starve a socket.
  private static let roundsBeforePoll = 4

  private let inbox = Mutex(Inbox())
  private let wakeReader: Int32
  private let wakeWriter: Int32
  /// The loop's thread, to detect jobs enqueued from it; 0 until the thread has started.
  private let threadID = Atomic<UInt>(0)
  @Reactor private let watches: WatchList
  @Reactor private let timers = TimerQueue()

  init() {
    var ends: [Int32] = [-1, -1]
    let made = unsafe pipe(&ends)
    precondition(made == 0, "pipe: no descriptors left at start")
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    wakeReader = ends[0]
    wakeWriter = ends[1]
    watches = WatchList(waking: ends[0])
    BlockingThread.start { self.turn() }
  }

  // MARK: Executor

  public func enqueue(_ job: UnownedJob) {
    let wake = inbox.withLock { inbox in
      inbox.jobs.append(job)
      let wake = inbox.sleeping
      inbox.sleeping = false
      return wake
    }
    if wake {
      var byte: UInt8 = 1
      _ = unsafe write(wakeWriter, &byte, 1)
    }
  }

  public func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job)) }

  public func checkIsolated() {
    precondition(isIsolatingCurrentContext() == true, "not on the reactor's thread")
  }

  public func isIsolatingCurrentContext() -> Bool? {
    threadID.load(ordering: .relaxed) == UInt(pthread_self())
  }

  // MARK: Descriptors and timers

  /// Calls `handler` whenever `descriptor` is ready for the requested events (level-triggered), until cancelled.
  @Reactor
  public func watch(
    _ descriptor: Int32, for interest: Interest, _ handler: @escaping @Reactor (Interest) -> Void
  ) -> Watch {
    watches.add(descriptor, interest, handler)
  }

  /// Calls `handler` once after `delay`, unless the timer is cancelled first.
  @Reactor @discardableResult
  public func after(_ delay: Duration, _ handler: @escaping @Reactor () -> Void) -> Timer {
    timers.add(ContinuousClock.now + delay, handler)
  }

  // MARK: The thread

  private func turn() {
    threadID.store(UInt(pthread_self()), ordering: .relaxed)
    let serial = unsafe asUnownedSerialExecutor()
    let task = unsafe asUnownedTaskExecutor()
    var batch: [UnownedJob] = []
    while true {
      var rounds = 0
      var idle = false
      while rounds < EventLoop.roundsBeforePoll && !idle {
        inbox.withLock { inbox in swap(&inbox.jobs, &batch) }
        for job in batch { unsafe job.runSynchronously(isolatedTo: serial, taskExecutor: task) }
        idle = batch.isEmpty
        batch.removeAll(keepingCapacity: true)
        rounds += 1
      }
      Reactor.assumeIsolated { self.pollOnce() }
    }
  }

  /// Sleeps until a descriptor is ready, a timer is due or a job arrives, then calls the handlers.
  @Reactor
  private func pollOnce() {
    let mayBlock = inbox.withLock { inbox in
      inbox.sleeping = inbox.jobs.isEmpty
      return inbox.sleeping
    }
    let timeout = mayBlock ? timers.millisecondsUntilNext() : 0
    let ready = watches.poll(timeout: timeout)
    inbox.withLock { $0.sleeping = false }
    if ready { watches.callHandlers() }
    timers.fireDue()
  }
}
