package dev.handover.examples.kv.resp;

import dev.handover.examples.kv.store.Read;
import dev.handover.examples.kv.store.Write;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/** A command that was understood. */
sealed interface Request {
    /** A change, through the log. */
    record Mutate(Write write) implements Request {}

    /** A question to the store. */
    record Query(Read read) implements Request {}

    /** Answered at once by this server, when it is its turn. */
    record Immediate(Function<ClientState, Reply> answer) implements Request {
        /** The same answer always. */
        static Immediate of(Reply reply) {
            return new Immediate(client -> reply);
        }
    }

    /** Answered by this server when it is done; nothing else of its connection is done meanwhile. */
    record Later(Supplier<CompletableFuture<Reply>> answer) implements Request {}

    /** The last one of its connection. */
    record Final(Reply reply) implements Request {}
}
