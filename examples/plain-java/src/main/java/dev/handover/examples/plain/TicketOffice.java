package dev.handover.examples.plain;

import dev.handover.replication.Command;
import dev.handover.replication.StateMachine;
import java.nio.charset.StandardCharsets;

/** The state of the service: how many tickets were drawn. Every instance applies the same commands in the same order, so every instance knows it. */
final class TicketOffice implements StateMachine {
    private int drawn;

    @Override
    public byte[] apply(Command command) {
        drawn++;
        return String.valueOf(drawn).getBytes(StandardCharsets.UTF_8);
    }
}
