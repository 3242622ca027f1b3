// The map of all BINs. What it shows stands in #bin-map-data; the list of streets
// on the page says the same without it.
(() => {
  const place = document.getElementById("bin-map");
  const data = JSON.parse(document.getElementById("bin-map-data").textContent);
  const map = L.map(place, { scrollWheelZoom: false });
  L.tileLayer(data.tiles.URL, { attribution: data.tiles.ATTRIBUTION || "", maxZoom: 19 }).addTo(map);
  const all = L.featureGroup();
  for (const area of data.areas) {
    const link = document.createElement("a");
    link.href = area.url;
    link.textContent = area.title;
    L.geoJSON(area.boundary).bindPopup(link).addTo(all);
  }
  all.addTo(map);
  map.fitBounds(all.getBounds(), { padding: [16, 16] });
})();
