package dev.handover.jmh.cluster;

import dev.handover.jmh.copies.Copies;
import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A system that is measured: how its replica and its client are started. */
interface Contender {
    /** As on the command line. */
    String name();

    /** For people. */
    String title();

    /** Released version. */
    String version();

    /** What a reader must know to judge the figures: every setting that is not the default, and how a client reaches it. */
    List<String> settings();

    /** Beside those that all replicas and clients have. */
    default List<String> jvmOptions() {
        return List.of();
    }

    /** Whether it has linearizable reads that do not go through the log. */
    default boolean reads() {
        return false;
    }

    /** In the benchmark's own process, before the first replica starts. */
    default void prepare(Layout layout) throws IOException, InterruptedException {}

    /** Starts a replica in this process; returns when it takes part. */
    Server serve(Layout layout, int self) throws Exception;

    /** Connects to the leader, or to whatever takes its commands; waits until that is there. */
    Client connect(Layout layout) throws Exception;

    /**
     * A replica. Ends with its process.
     *
     * @param leading whether it leads now
     * @param ledger what it has applied
     * @param copies of what it acknowledges now
     */
    record Server(BooleanSupplier leading, Ledger ledger, Supplier<Copies> copies) {
        /** Of a system that asks a majority. */
        Server(BooleanSupplier leading, Ledger ledger) {
            this(leading, ledger, () -> Copies.OF_A_MAJORITY);
        }

        boolean leads() {
            return leading.getAsBoolean();
        }
    }

    /** A connection to a system, with several commands under way. */
    interface Client extends AutoCloseable {
        /** Before the first command: who hears of the answers. */
        void listen(Replies replies);

        /** Submits a command whose answer will name the slot. Any thread; from within an answer the answering one. */
        void submit(int slot, byte[] payload);

        /** Reads linearizably. */
        default void read(int slot) {
            throw new UnsupportedOperationException("has no reads beside the log");
        }

        @Override
        void close() throws IOException;
    }

    /** Hears of answers, on the client's threads. */
    interface Replies {
        /** The command of the slot is durable and applied ({@code ok}), or nobody knows. */
        void reply(int slot, boolean ok);
    }
}
