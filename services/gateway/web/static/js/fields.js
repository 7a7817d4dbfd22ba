// A new ticket shows the fields of its brand.
const brand = document.querySelector(".new-ticket [name=brand]");

function show() {
  for (const field of document.querySelectorAll(".new-ticket [data-brands]")) {
    field.hidden = !field.dataset.brands.split(" ").includes(brand.value);
  }
}

if (brand) {
  brand.addEventListener("change", show);
  show();
}
