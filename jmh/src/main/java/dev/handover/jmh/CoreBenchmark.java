package dev.handover.jmh;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Proposal;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the core costs per command, from the proposal to the applied entry, in a group of one: nothing is sent, and the disk answers at once. The whole cost of
 * a step is shared by the commands that waited together, hence a batch of one and one of many.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class CoreBenchmark {
    private static final int BATCH = 64;
    private static final int PAYLOAD_BYTES = 128;

    private final LeaderAlone leader = new LeaderAlone();
    private final List<Proposal> one = commands(1);
    private final List<Proposal> batch = commands(BATCH);

    /** One command per step. */
    @Benchmark
    public long commandAlone() {
        return leader.submit(one);
    }

    /** 64 commands per step; the score is per command. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long commandInBatch() {
        return leader.submit(batch);
    }

    private static List<Proposal> commands(int count) {
        return LongStream.range(0, count)
                .mapToObj(tag -> new Proposal(tag, LogEntry.Kind.COMMAND, 1, tag + 1, 0, new byte[PAYLOAD_BYTES]))
                .toList();
    }
}
