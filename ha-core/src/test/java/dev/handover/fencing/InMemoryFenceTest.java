package dev.handover.fencing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.FencedException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class InMemoryFenceTest {
    private final InMemoryFence fence = new InMemoryFence("printer", Duration.ofSeconds(10));

    @Test
    void shouldRefuseLowerEpochsAndNameThem() {
        fence.admit(7);
        fence.admit(7);
        fence.admit(9);
        assertThat(fence.highest()).isEqualTo(9);
        assertThatThrownBy(() -> fence.admit(8))
                .isInstanceOf(FencedException.class)
                .hasMessageContaining("epoch 8")
                .hasMessageContaining("'printer'")
                .hasMessageContaining("seen 9");
    }

    @Test
    void shouldLetAHigherEpochBeginOnlyWhenTheOlderCallsHaveReturned() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        CompletableFuture<String> old = CompletableFuture.supplyAsync(() -> call(1, inside, leave));
        assertThat(inside.await(10, TimeUnit.SECONDS)).isTrue();
        CompletableFuture<Boolean> newer = CompletableFuture.supplyAsync(() -> {
            CountDownLatch none = new CountDownLatch(0);
            call(2, new CountDownLatch(1), none);
            return old.isDone();
        });
        while (fence.highest() < 2) {
            Thread.onSpinWait();
        }
        assertThatThrownBy(() -> fence.call(1, () -> "late")).isInstanceOf(FencedException.class);
        assertThat(newer).isNotDone();
        leave.countDown();
        assertThat(old.get(10, TimeUnit.SECONDS)).isEqualTo("1");
        assertThat(newer.get(10, TimeUnit.SECONDS)).isNotNull();
        InMemoryFence impatient = new InMemoryFence("printer", Duration.ofMillis(20));
        impatient.call(1, () -> {
            assertThatThrownBy(() -> impatient.call(2, () -> "never"))
                    .isInstanceOf(TimeoutException.class)
                    .hasMessageContaining("1 calls of epoch 1");
            return "";
        });
    }

    private String call(long epoch, CountDownLatch inside, CountDownLatch leave) {
        try {
            return fence.call(epoch, () -> {
                inside.countDown();
                if (!leave.await(10, TimeUnit.SECONDS)) {
                    throw new TimeoutException("not let go");
                }
                return String.valueOf(epoch);
            });
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void shouldDecideAboutHttpRequests() {
        HttpFence http = new HttpFence(fence);
        assertThat(http.admit(null).status()).isEqualTo(428);
        assertThat(http.admit("seven").status()).isEqualTo(400);
        assertThat(http.admit(" 7 ").admitted()).isTrue();
        assertThat(http.admit("6").status()).isEqualTo(412);
        assertThat(http.admit("6").reason()).contains("epoch 6");
    }

    @Test
    void shouldDecideAlikeOnEveryReplica() {
        EpochRegister register = new EpochRegister(0);
        assertThat(register.admits(3)).isTrue();
        assertThat(register.admits(2)).isFalse();
        EpochRegister restored = new EpochRegister(register.highest());
        assertThat(restored.admits(2)).isFalse();
        assertThat(restored.admits(3)).isTrue();
    }
}
