package dev.handover.jmh.groups;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.replication.storage.StorageOptions;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ManyGroupsTest {
    @Test
    void badArgumentsAreNamed() {
        assertThatThrownBy(() -> ManyGroups.main(new String[] {"1,x"}))
                .hasMessageContaining("counts 'x' is not a number");
        assertThatThrownBy(() -> ManyGroups.main(new String[] {"1", "0"})).hasMessageContaining("writes in flight 0");
        assertThatThrownBy(() -> ManyGroups.main(new String[] {"--bound", "1,y"}))
                .hasMessageContaining("counts 'y' is not a number");
    }

    @Test
    @Timeout(120)
    void everyKindOfReadIsMeasured() throws Exception {
        assertThatThrownBy(() -> ReadKinds.main(new String[] {"0"})).hasMessageContaining("reads in flight 0");
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            ReadKinds.main(new String[] {"4", "1"});
        } finally {
            System.setOut(before);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8).lines())
                .filteredOn(line -> line.matches("[a-z, 0-9]+ +[1-9][0-9]* +[0-9.]+ +[0-9]+ +[0-9]+"))
                .hasSize(6);
    }

    @Test
    @Timeout(180)
    void allGroupsOfADeadNodeAreTakenOver() throws Exception {
        TakeOverOfMany.Figures figures = TakeOverOfMany.measure(
                24, StorageOptions.defaults().withSegmentBytes(64 << 10).withReserveBytes(0));

        System.out.println(figures);
        assertThat(figures.groups()).isEqualTo(24);
        assertThat(figures.medianMillis()).isPositive().isLessThanOrEqualTo(figures.lastMillis());
        assertThat(figures.lastMillis()).as("far more than on a quiet machine").isLessThan(15_000);
    }
}
