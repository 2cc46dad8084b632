package dev.handover.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.fencing.HttpFence;
import dev.handover.fencing.InMemoryFence;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockFilterChain;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

class HttpFenceFilterTest {
    private final HttpFenceFilter filter = new HttpFenceFilter(new InMemoryFence("shelf", Duration.ofSeconds(1)));

    /** The status, and whether the request went on. */
    private String ask(String epoch) throws Exception {
        MockHttpServletRequest request = new MockHttpServletRequest("POST", "/ship");
        if (epoch != null) {
            request.addHeader(HttpFence.HEADER, epoch);
        }
        MockHttpServletResponse response = new MockHttpServletResponse();
        MockFilterChain chain = new MockFilterChain();
        filter.doFilter(request, response, chain);
        assertThat(response.getContentAsString().isEmpty()).isEqualTo(response.getStatus() == 200);
        return response.getStatus() + (chain.getRequest() == null ? " refused" : " went on");
    }

    @Test
    void shouldLetTheNewestLeaderIn() throws Exception {
        assertThat(ask("7")).isEqualTo("200 went on");
        assertThat(ask("6")).isEqualTo("412 refused");
        assertThat(ask("7")).isEqualTo("200 went on");
        assertThat(ask("8")).isEqualTo("200 went on");
        assertThat(ask("7")).isEqualTo("412 refused");
        assertThat(ask(null)).isEqualTo("428 refused");
        assertThat(ask("x")).isEqualTo("400 refused");
    }
}
